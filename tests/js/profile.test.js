import assert from "node:assert/strict";
import { test } from "node:test";

import { confidenceOf, ofRecord } from "../../static/js/map/profile.js";

const claim = (date, kind, verification = "") => ({ stated_date: date, kind, verification });

test("the official record is told newest first; what sheets say is counted elsewhere", () => {
  const claims = [
    claim("2022-03-08", "listed_blank"),
    claim("2024-06-25", "statement"),
    claim("2026-01-02", "village_statement", "to_verify"),
    claim("2023-01-10", "statement"),
  ];
  assert.deepEqual(
    ofRecord(claims).map(({ stated_date: date }) => date),
    ["2024-06-25", "2023-01-10", "2022-03-08"],
  );
});

test("how sure the state is comes from the layer of any operator", () => {
  const state = {
    operators: [
      { operator: "TELKOMSEL", confidence: 0.9 },
      { operator: "ANY", confidence: 0.7 },
    ],
  };
  assert.equal(confidenceOf(state), 0.7);
  assert.equal(confidenceOf({ operators: [] }), null);
});
