"use strict";
// Figures as people read them, by the rules of the terminal's report; and elements, whose text is never markup.

const byId = (id) => document.getElementById(id);

function threeFigures(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1000) return String(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function showCount(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function showNumber(value) {
  const size = Math.abs(value);
  if (size > 0 && size < 0.1) return value.toFixed(Math.min(100, 1 - Math.floor(Math.log10(size))));
  return size >= 999.5 ? showCount(value) : threeFigures(value);
}

function showPercent(value) {
  return `${showNumber(value)} %`;
}

function showSeconds(seconds) {
  for (const [unit, perSecond] of [["ns", 1e9], ["us", 1e6], ["ms", 1e3]]) {
    const value = seconds * perSecond;
    if (Math.abs(value) < 999.5) return `${threeFigures(Number(value.toPrecision(12)))} ${unit}`;
  }
  return `${threeFigures(seconds)} s`;
}

function showBytes(count) {
  let size = count;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(size) < 999.5) return `${threeFigures(size)} ${unit}`;
    size /= 1000;
  }
  return `${threeFigures(size)} TB`;
}

function showLongOrShort(seconds) {
  return seconds < 100 ? showSeconds(seconds) : showDuration(seconds);
}

// A configured time, as the config writes it: 90 is 1m30s.
function showDuration(seconds) {
  if (seconds < 1) return showSeconds(seconds).replace(" ", "");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Number((seconds % 60).toFixed(3));
  return (hours ? `${hours}h` : "") + (minutes ? `${minutes}m` : "") + (rest ? `${rest}s` : "");
}

// The seconds of a duration in Go's grammar; NaN if it is not one.
function readDuration(text) {
  const units = { ns: 1e-9, us: 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
  const terms = [...String(text).matchAll(/(\d+\.?\d*|\.\d+)([^\d.]+)/g)];
  return terms.length ? terms.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit] ?? NaN), 0) : NaN;
}

// What stands at a path: its keys with dots between them, or as a list, where a key may hold a dot itself.
function lookUp(document, path) {
  const keys = typeof path === "string" ? path.split(".") : path;
  return keys.reduce((value, key) => value?.[key], document);
}

function present(value) {
  return value !== null && value !== undefined;
}

function make(tag, content, classes = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...[content].flat().filter((part) => present(part) && part !== ""));
  return element;
}

// A figure of the result; the element keeps the exact value, and where in the document it stands.
function figure(result, path, show) {
  const value = lookUp(result, path);
  const element = document.createElement("data");
  element.dataset.path = typeof path === "string" ? path : path.join(".");
  element.value = JSON.stringify(value ?? null);
  element.textContent = present(value) ? show(value) : "-";
  return element;
}

function tile(name, content, remark, mood = "") {
  return make("div", [make("span", name), make("b", content), make("span", remark)], `tile ${mood}`);
}

function fillTable(table, headings, rows) {
  const cell = (tag) => (content) => (content instanceof HTMLTableCellElement ? content : make(tag, content));
  const heads = headings.map(cell("th"));
  const body = rows.map((row) => row.map(cell("td")));
  for (const head of heads) head.scope = "col";
  for (const row of body) row.forEach((each, index) => { each.dataset.label = heads[index].textContent; }); // said where there is no heading
  table.replaceChildren(make("thead", make("tr", heads)), make("tbody", body.map((row) => make("tr", row))));
}

function fillList(list, rows) {
  list.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

// An instant as the result has it, in ISO 8601 with its offset, to the second: the same for every reader, whatever the time zone.
function showInstant(milliseconds) {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "+00:00");
}

// Every figure of a nested record as a row, named in words: {dropped: {rate_limit: 3}} is ["dropped: rate limit", 3]. What is
// unknown has none.
function flattened(result, path, skip = []) {
  const value = lookUp(result, path);
  if (skip.includes(path.at(-1)) || !present(value)) return [];
  const [name, show = isTime(path) ? showLongOrShort : showNumber] = labelOf(path);
  const text = (item) => (typeof item === "number" ? show(item) : plainText(item));
  if (Array.isArray(value) && !value.some((item) => present(item) && typeof item === "object")) {
    return value.length ? [[name, value.map(text).join(", ")]] : [];
  }
  if (Array.isArray(value)) return value.flatMap((_, index) => flattened(result, [...path, index], skip));
  if (typeof value === "object") return Object.keys(value).flatMap((key) => flattened(result, [...path, key], skip));
  return [[name, figure(result, path, text)]];
}

function isTime(path) {
  return String(path.at(-1)).endsWith("_seconds");
}

function plainText(value) {
  return typeof value === "number" ? showNumber(value) : typeof value === "string" ? value : JSON.stringify(value);
}

// A text to copy, under a heading, with a button that does so.
function copyable(place, heading, text) {
  place.hidden = !text;
  if (!text || place.dataset.text === text) return;
  place.dataset.text = text;
  const code = make("pre", text);
  code.tabIndex = 0;
  const button = make("button", "Copy");
  button.type = "button";
  button.addEventListener("click", () => copy(code, button));
  place.replaceChildren(make("h3", [heading, " ", button]), code);
}

// The command lines that a document comes from: those of several nodes, a line each.
function showCommand(environment) {
  const commands = [environment, ...(environment.nodes ?? [])].map((each) => each?.command).filter((command) => typeof command === "string");
  copyable(byId("command"), "Command", [...new Set(commands)].join("\n"));
}

// Without a clipboard, as on a page that came by plain HTTP, the text is selected.
async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
}
