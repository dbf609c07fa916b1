// The web page of `pagesieve review`: what is shown is what the server says; a change is shown once it is saved.
"use strict";

const DOUBTFUL = 0.8; // score under which a prediction is worth a look
const SCREEN = 10; // blocks that PageDown moves by
const at = (id) => document.getElementById(id);
const state = { queue: null, number: -1, blocks: [], codes: {}, differ: {}, version: "", cursor: 0, anchor: 0, marked: [], undo: [] };
let work = Promise.resolve(); // keys are handled one after the other

function element(tag, text = "", classes = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = classes;
  return node;
}

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").className = wrong ? "wrong" : "";
}

async function ask(path, options = {}) {
  const response = await fetch(path, options);
  if (response.status === 500) throw new Error(await response.text());
  if (!response.ok && response.status !== 412) throw new Error(`${response.status} ${response.statusText}`);
  return response;
}

async function readQueue() {
  state.queue = await (await ask("queue")).json();
  const { pages, differences, code_of: labels } = state.queue;
  document.body.classList.toggle("blind", pages.every((page) => page.doubt === null));
  const sum = (name) => pages.reduce((total, page) => total + page[name], 0);
  const done = pages.filter((page) => page.labelled === page.blocks).length;
  at("progress").textContent =
    `${done} of ${pages.length} pages done, ${sum("labelled")} of ${sum("blocks")} blocks labelled by ${state.queue.reader}`;
  at("pages").querySelector("ol").replaceChildren(...pages.map(pageItem));
  at("differences").hidden = !differences.length;
  at("differences").querySelector("summary").textContent = `readers differ in ${differences.length} of the blocks`;
  at("differences").querySelector("ol").replaceChildren(...differences.map(differenceItem));
  if (!at("labels").children.length) at("labels").append(...Object.keys(labels).map(labelButton));
}

function pageItem(page, number) {
  const item = element("li"), open = element("button", page.name, page.labelled === page.blocks ? "done" : "");
  open.type = "button";
  open.dir = "auto";
  if (number === state.number) open.setAttribute("aria-current", "page");
  open.addEventListener("click", () => enqueue(() => openPage(number)));
  const facts = [page.site, `${page.labelled} of ${page.blocks}`];
  if (page.doubt !== null) facts.push(`${Math.round(100 * page.doubt)} % in doubt`);
  if (page.differ) facts.push(`readers differ in ${page.differ}`);
  item.append(open, element("span", facts.join(" · ")));
  return item;
}

function differenceItem(difference) {
  const item = element("li"), open = element("button", difference.text);
  open.type = "button";
  open.addEventListener("click", () => enqueue(() => openPage(difference.page, difference.index)));
  const labelled = Object.entries(difference.labels).map(([reader, label]) => `${reader}: ${label}`);
  item.append(open, element("span", labelled.join(", ")));
  return item;
}

function labelButton(label, number) {
  const button = element("button", `${number + 1} ${label}`, label);
  button.type = "button";
  button.dataset.key = String(number + 1);
  return button;
}

async function openPage(number, index = null) {
  const response = await ask(`pages/${number}`);
  const page = await response.json();
  Object.assign(state, { number, blocks: page.blocks, marked: [] });
  take(page, response);
  at("name").textContent = page.name;
  at("about").textContent = `page ${number + 1} of ${state.queue.pages.length}, ${page.site}`;
  at("blocks").replaceChildren(...page.blocks.map(() => element("div")));
  const wanted = page.blocks.findIndex((block) => (index === null ? !(block.index in state.codes) : block.index === index));
  state.cursor = state.anchor = Math.max(0, wanted);
  draw();
  await readQueue();
  focus();
}

function take(page, response) {
  Object.assign(state, { codes: page.codes, differ: page.differ, version: response.headers.get("ETag") });
}

function range() {
  return [Math.min(state.cursor, state.anchor), Math.max(state.cursor, state.anchor)];
}

function select() {
  const [from, to] = range();
  [...at("blocks").children].forEach((node, place) => {
    node.tabIndex = place === state.cursor ? 0 : -1;
    node.setAttribute("aria-selected", String(place >= from && place <= to));
  });
}

function draw() {
  [...at("blocks").children].forEach((node, place) => {
    const { index, text, predicted } = state.blocks[place];
    const mine = state.queue.codes[state.codes[index]];
    const tag = element("div", "", "tag");
    node.className = `block ${mine || (predicted ? predicted[0] : "none")}${mine ? " marked" : ""}`;
    node.id = `block-${index}`;
    node.setAttribute("role", "option");
    if (predicted && predicted[0] !== mine) {
      tag.append(element(mine ? "small" : "span", `${predicted[0]} ${predicted[1].toFixed(2)}${predicted[1] < DOUBTFUL ? " ?" : ""}`));
    }
    if (mine) tag.append(element("em", mine, mine));
    if (!mine && !predicted) tag.append(element("small", "no label"));
    if (state.differ[index]) tag.append(element("strong", differing(state.differ[index])));
    const body = element("div", text, "text");
    body.dir = "auto";
    body.lang = "";
    node.replaceChildren(body, tag);
  });
  select();
}

function differing(labels) {
  return Object.entries(labels).map(([reader, label]) => `${reader}: ${label}`).join(", ");
}

function focus() {
  const node = at("blocks").children[state.cursor];
  if (node) node.focus({ preventScroll: true });
  if (node) node.scrollIntoView({ block: "nearest" });
}

function move(place, extend) {
  state.cursor = Math.max(0, Math.min(state.blocks.length - 1, place));
  if (!extend) state.anchor = state.cursor;
  select();
  focus();
}

function changesOf(codeFor, places) {
  const changes = {};
  for (const place of places) {
    const { index } = state.blocks[place], code = codeFor(state.blocks[place]);
    if (code !== undefined && code !== (state.codes[index] ?? null)) changes[index] = code;
  }
  return changes;
}

async function save(changes, remember = true) {
  if (!Object.keys(changes).length) return true;
  const before = Object.fromEntries(Object.keys(changes).map((index) => [index, state.codes[index] ?? null]));
  const headers = { "Content-Type": "application/json", "If-Match": state.version };
  const response = await ask(`pages/${state.number}`, { method: "PUT", headers, body: JSON.stringify(changes) });
  if (response.status === 412) {
    state.undo = [];
    await openPage(state.number);
    say("Not saved: this page was changed elsewhere, perhaps in another tab. It was read again; repeat the change.", true);
    return false;
  }
  take(await response.json(), response);
  if (remember) state.undo.push({ number: state.number, before });
  draw();
  await readQueue();
  say(`saved: ${Object.keys(changes).length} block${Object.keys(changes).length > 1 ? "s" : ""}`);
  return true;
}

async function mark(codeFor, places) {
  const last = Math.max(...places);
  state.marked = places.map((place) => state.blocks[place]);
  if (await save(changesOf(codeFor, places))) move(last + 1, false);
}

async function markSame() {
  const codes = new Map(state.marked.map(({ index, text }) => [text, state.codes[index] ?? null]));
  await save(changesOf(({ text }) => codes.get(text), [...state.blocks.keys()]));
}

async function undo() {
  const last = state.undo.pop();
  if (!last) return say("nothing to undo");
  if (last.number !== state.number) await openPage(last.number);
  if (!(await save(last.before, false))) return;
  const places = Object.keys(last.before).map((index) => state.blocks.findIndex((block) => block.index === Number(index)));
  state.anchor = Math.min(...places);
  state.cursor = Math.max(...places);
  draw();
  focus();
  say("undone");
}

function worthALook({ index, predicted }) {
  return index in state.differ || (!(index in state.codes) && (!predicted || predicted[1] < DOUBTFUL));
}

function nextToLookAt() {
  const found = state.blocks.findIndex((block, place) => place > state.cursor && worthALook(block));
  if (found >= 0) return move(found, false);
  return say("nothing more to look at below on this page");
}

function selected() {
  const [from, to] = range();
  return Array.from({ length: to - from + 1 }, (_, step) => from + step);
}

async function handle(key, extend) {
  const pages = state.queue.pages.length, everywhere = [...state.blocks.keys()];
  const labels = Object.entries(state.queue.code_of);
  const accepted = ({ index, predicted }) => (predicted && !(index in state.codes) ? state.queue.code_of[predicted[0]] : undefined);
  if (labels[Number(key) - 1]) {
    const [label, code] = labels[Number(key) - 1];
    return mark(({ index }) => (state.queue.codes[state.codes[index]] === label ? undefined : code), selected());
  }
  const keys = {
    0: () => mark(() => null, selected()),
    a: () => mark(accepted, selected()),
    A: () => mark(accepted, everywhere),
    s: markSame,
    u: undo,
    d: nextToLookAt,
    n: () => (state.number + 1 < pages ? openPage(state.number + 1) : say("this is the last page")),
    p: () => (state.number > 0 ? openPage(state.number - 1) : say("this is the first page")),
    ArrowDown: () => move(state.cursor + 1, extend),
    ArrowUp: () => move(state.cursor - 1, extend),
    PageDown: () => move(state.cursor + SCREEN, extend),
    PageUp: () => move(state.cursor - SCREEN, extend),
    Home: () => move(0, extend),
    End: () => move(state.blocks.length - 1, extend),
  };
  return keys[key]();
}

function enqueue(action) {
  work = work.then(action).catch((error) =>
    say(`NOT SAVED: the server does not answer as it should (${error.message}). Start the review again, and open the address that it prints.`, true));
}

const KEYS = new Set([..."01234aAsudnp", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);
const SAME = { j: "ArrowDown", k: "ArrowUp", J: "ArrowDown", K: "ArrowUp" };

document.addEventListener("keydown", (event) => {
  const key = SAME[event.key] || (event.code.startsWith("Digit") ? event.code.slice(5) : event.key);
  if (event.ctrlKey || event.altKey || event.metaKey || !KEYS.has(key)) return;
  event.preventDefault();
  enqueue(() => handle(key, event.shiftKey));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]"), block = event.target.closest(".block");
  if (button) enqueue(() => handle(button.dataset.key, false));
  if (block) enqueue(() => move([...at("blocks").children].indexOf(block), event.shiftKey));
});

enqueue(async () => {
  await readQueue();
  const open = state.queue.pages.findIndex((page) => page.labelled < page.blocks);
  await openPage(Math.max(0, open));
});
