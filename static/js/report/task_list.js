// "Measurement tasks": the list above the form, and the line in it of the one being done.

import { distanceM } from "./position.js";
import { directionOf, inOrder, isMeasured } from "./tasks.js";

const one = (selector, within = document) => within.querySelector(selector);

// More would only be scrolled past; the nearest are first.
const SHOWN = 20;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * Run the list. `names.operator(value)` names an operator; `account()` tells whose tasks;
 * `onChosen()` is called when somebody begins one.
 *
 * Returns `{ show(where), saved(reports) }`.
 */
export function makeTaskList({ say, language, store, tasks, names, account, onChosen }) {
  const box = one("[data-tasks]");
  const list = one("[data-tasks-list]", box);
  const summary = one("[data-tasks-count]", box);
  const banner = one("[data-task]");
  let where = null;
  let chosen = null;
  let last = "";

  const directions = say("directions").split(" ");

  function whereTo(task) {
    if (!where) return "";
    const apartM = distanceM(where, task);
    const text =
      apartM < 1000
        ? `${Math.round(apartM / 10) * 10} m`
        : `${(apartM / 1000).toLocaleString(language, { maximumFractionDigits: apartM < 10_000 ? 1 : 0 })} km`;
    return say("task_away", { distance: text, direction: directions[directionOf(where, task)] });
  }

  const operators = (task) => task.operators.map(names.operator).join(", ");
  const onDate = (iso) =>
    new Date(iso).toLocaleDateString(language, { dateStyle: "medium", timeZone: "Asia/Makassar" });

  function line(task, waits) {
    const isOpen = task.state === "open" && !waits;
    const state = waits ? "waits" : task.state;
    const facts = [
      task.village_name,
      isOpen && whereTo(task),
      task.due_date && isOpen && say("task_until", { date: onDate(task.due_date) }),
      task.is_demo && say("task_demo"),
    ].filter(Boolean);
    const item = element(
      "li",
      { className: `tasks__item tasks__item--${state}` },
      element("p", { className: "tasks__name", textContent: task.name }),
      element("p", { className: "tasks__fact", textContent: facts.join(" · ") }),
      isOpen
        ? element("p", { textContent: say("task_look", { operators: operators(task) }) })
        : null,
      isOpen && task.reason
        ? element("p", { className: "tasks__fact", textContent: task.reason })
        : null,
    );
    if (isOpen) {
      const button = element("button", {
        type: "button",
        className: "button button--quiet",
        textContent: say("task_begin"),
      });
      button.append(element("span", { className: "visually-hidden", textContent: ` ${task.name}` }));
      button.addEventListener("click", () => choose(task));
      item.append(button);
    } else {
      item.append(element("p", { className: "tasks__state", textContent: say(`task_${state}`) }));
    }
    return item;
  }

  function showChosen() {
    banner.hidden = chosen === null;
    if (!chosen) return;
    one("[data-task-text]", banner).textContent = [
      say("task_doing", { name: chosen.name, village: chosen.village_name }),
      whereTo(chosen) && `${whereTo(chosen)}.`,
      say("task_look", { operators: operators(chosen) }),
    ]
      .filter(Boolean)
      .join(" ");
  }

  function choose(task) {
    chosen = task;
    showChosen();
    banner.scrollIntoView({ block: "start" });
    banner.focus({ preventScroll: true });
    onChosen?.(task);
  }

  one("[data-task-leave]", banner).addEventListener("click", () => {
    chosen = null;
    showChosen();
    one("summary", box).focus();
  });

  async function show(at = where) {
    where = at;
    const { tasks: all, withinM } = await tasks.kept(account());
    const items = all.length > 0 ? await store.waiting() : [];
    const ordered = inOrder(all, where).map((task) => ({
      task,
      waits: task.state === "open" && isMeasured(task, items, withinM),
    }));
    const open = ordered.filter(({ task, waits }) => task.state === "open" && !waits);
    // Drawn anew only with a change: a list that moves under a finger is no list.
    const next = JSON.stringify([ordered, where && ordered.map(({ task }) => whereTo(task))]);
    showChosen();
    if (next === last) return;
    last = next;
    box.hidden = all.length === 0;
    summary.textContent = say("task_count", { count: open.length });
    const shown = ordered.slice(0, SHOWN).map(({ task, waits }) => line(task, waits));
    const hadFocus = list.contains(document.activeElement);
    if (!hadFocus) list.replaceChildren(...shown);
    else last = "";
  }

  return {
    show,
    /** Reports were saved: whatever was being done is done, as far as the phone knows. */
    async saved() {
      chosen = null;
      showChosen();
      const { tasks: all, withinM } = await tasks.kept(account());
      const items = await store.waiting();
      const measured = all.filter(
        (task) => task.state === "open" && isMeasured(task, items, withinM),
      );
      await tasks.noteMeasured(
        account(),
        measured.map(({ id }) => id),
      );
    },
  };
}
