import assert from "node:assert/strict";
import { test } from "node:test";

import { isAsked, makeReviews, sendAnswers, takeReviews } from "../../static/js/report/reviews.js";

/** The parts of the store that reviews use, in memory; *fails* may throw anywhere. */
function makeMemory(items, fails = () => {}) {
  const kept = new Map(items.map((item) => [item.id, structuredClone(item)]));
  const notes = new Map();
  return {
    kept,
    notes,
    async all() {
      fails("all");
      return [...kept.values()].map((item) => structuredClone(item));
    },
    async noteReviews(reviews) {
      fails("noteReviews");
      for (const { id, ...review } of reviews)
        if (kept.has(id)) kept.set(id, { ...kept.get(id), review });
    },
    async noteAnswer(id, answer) {
      fails("noteAnswer");
      kept.set(id, { ...kept.get(id), answer });
    },
    async note(key) {
      fails("note");
      return notes.get(key);
    },
    async putNote(key, value) {
      fails("putNote");
      notes.set(key, value);
    },
  };
}

/** An office with numbered decisions, told in parts of two. */
function makeOffice(decisions = []) {
  const answers = [];
  return {
    answers,
    decide: (id, state, reason = "") =>
      decisions.push({ id, state, reason, decided_at: `at ${decisions.length}` }),
    async get(since) {
      const reviews = decisions.slice(since, since + 2);
      const next = since + reviews.length;
      return { reviews, next, has_more: next < decisions.length };
    },
    async post(id, text) {
      answers.push([id, text]);
      return 201;
    },
  };
}

const sent = (id, more = {}) => ({ id, state: "sent", account: "ana", ...more });

test("takes all that was decided, the last about a report holds", async () => {
  const memory = makeMemory([sent("1"), sent("2")]);
  const office = makeOffice();
  office.decide("1", "accepted");
  office.decide("2", "asked", "where?");
  office.decide("1", "rejected", "late");
  office.decide("unknown", "accepted");
  assert.equal(await takeReviews({ store: memory, get: office.get, account: "ana" }), true);
  assert.equal(memory.kept.get("1").review.state, "rejected");
  assert.equal(memory.kept.get("2").review.reason, "where?");
  assert.equal(memory.kept.size, 2);
  assert.equal(await takeReviews({ store: memory, get: office.get, account: "ana" }), false);
});

test("accounts have their own place in what was decided", async () => {
  const memory = makeMemory([sent("1")]);
  const office = makeOffice();
  office.decide("1", "accepted");
  await takeReviews({ store: memory, get: office.get, account: "ana" });
  assert.equal(memory.notes.get("reviews_since:ana"), 1);
  assert.equal(memory.notes.get("reviews_since:budi"), undefined);
});

test("an enrolled phone has its own place beside its account's", async () => {
  const memory = makeMemory([sent("1")]);
  const office = makeOffice();
  office.decide("1", "accepted");
  const reviews = makeReviews({ store: memory, ...office, scope: () => " (device)" });
  await reviews.sync("ana");
  assert.deepEqual([...memory.notes.keys()], ["reviews_since:ana (device)"]);
});

for (const answer of [null, {}, { reviews: "x", next: 1 }, { reviews: [], next: "1" }]) {
  test(`an answer that is not ours changes nothing: ${JSON.stringify(answer)}`, async () => {
    const memory = makeMemory([sent("1")]);
    const get = async () => answer;
    assert.equal(await takeReviews({ store: memory, get, account: "ana" }), false);
    assert.equal(memory.notes.size, 0);
  });
}

test("an office that never comes to an end is left", async () => {
  const memory = makeMemory([]);
  let asked = 0;
  const get = async () => {
    asked += 1;
    return { reviews: [], next: 0, has_more: true };
  };
  await takeReviews({ store: memory, get, account: "ana" });
  assert.equal(asked, 1);
});

test("whatever fails at any moment, all decisions are there after another try", async () => {
  for (let failing = 1; failing <= 12; failing += 1) {
    let calls = 0;
    const memory = makeMemory([sent("1"), sent("2"), sent("3")], () => {
      calls += 1;
      if (calls === failing) throw new Error("full");
    });
    const office = makeOffice();
    for (const id of ["1", "2", "3"]) office.decide(id, "accepted");
    const reviews = makeReviews({ store: memory, ...office, now: () => 0 });
    await reviews.sync("ana");
    const again = makeReviews({ store: memory, ...office, now: () => 0 });
    await again.sync("ana");
    for (const item of memory.kept.values()) assert.equal(item.review?.state, "accepted");
  }
});

test("a question is open until it is answered here, and again when asked anew", async () => {
  const memory = makeMemory([sent("1")]);
  const office = makeOffice();
  office.decide("1", "asked", "where?");
  const clock = { now: 0 };
  const reviews = makeReviews({ store: memory, ...office, now: () => clock.now });
  await reviews.sync("ana");
  assert.equal(isAsked(memory.kept.get("1")), true);
  await reviews.answer(memory.kept.get("1"), "at the jetty", "ana");
  assert.equal(isAsked(memory.kept.get("1")), false);
  assert.deepEqual(office.answers, [["1", "at the jetty"]]);
  assert.equal(memory.kept.get("1").answer.state, "sent");
  office.decide("1", "asked", "which jetty?");
  clock.now += 61_000;
  await reviews.sync("ana");
  assert.equal(isAsked(memory.kept.get("1")), true);
});

test("an answer without a connection waits and is sent once", async () => {
  const memory = makeMemory([sent("1")]);
  const office = makeOffice();
  office.decide("1", "asked", "where?");
  let isOnline = true;
  const post = async (...args) => (isOnline ? office.post(...args) : null);
  const reviews = makeReviews({ store: memory, get: office.get, post, now: () => 0 });
  await reviews.sync("ana");
  isOnline = false;
  await reviews.answer(memory.kept.get("1"), "here", "ana");
  assert.equal(memory.kept.get("1").answer.state, "waiting");
  isOnline = true;
  await reviews.sync("ana");
  await reviews.sync("ana");
  assert.deepEqual(office.answers, [["1", "here"]]);
});

for (const [status, state] of [
  [200, "sent"],
  [409, "refused"],
  [400, "refused"],
  [404, "refused"],
  [401, "waiting"],
  [500, "waiting"],
  [null, "waiting"],
]) {
  test(`an answer that is met by ${status} is ${state}`, async () => {
    const memory = makeMemory([sent("1", { answer: { text: "x", state: "waiting" } })]);
    await sendAnswers({ store: memory, post: async () => status, account: "ana" });
    assert.equal(memory.kept.get("1").answer.state, state);
  });
}

test("answers of another account are left for that account", async () => {
  const memory = makeMemory([sent("1", { answer: { text: "x", state: "waiting" } })]);
  const office = makeOffice();
  await sendAnswers({ store: memory, post: office.post, account: "budi" });
  assert.deepEqual(office.answers, []);
});

test("an answer that was not sent is told of, so that it is tried again", async () => {
  const waits = { text: "At the school", state: "waiting", asked_at: "at 0" };
  const memory = makeMemory([sent("1", { answer: waits }), sent("2")]);
  let status = null;
  const reviews = makeReviews({
    store: memory,
    get: async () => null,
    post: async () => status,
  });
  await reviews.sync("ana");
  assert.equal(await reviews.isWaiting("ana"), true);
  // Another's answer is not this account's to send.
  assert.equal(await reviews.isWaiting("budi"), false);
  status = 201;
  await reviews.sync("ana");
  assert.equal(await reviews.isWaiting("ana"), false);
});
