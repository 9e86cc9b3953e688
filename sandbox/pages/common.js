// Shared by all pages: fetch JSON, build elements with text (never markup), format money and time.
export async function load(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw Object.assign(new Error("HTTP " + answer.status), { status: answer.status });
  return answer.status === 204 ? null : answer.json();
}

export function send(path, body) {
  return load(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

export function row(...cells) {
  return el("tr", {}, ...cells.map((cell) => el("td", typeof cell === "string" && cell.length < 24 ? { class: "nowrap" } : {}, cell)));
}

export function money(cents, whole) {
  const digits = whole && cents % 100 === 0 ? 0 : 2;
  return "KES " + (cents / 100).toLocaleString("en-KE", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function time(at, short) {
  const options = { timeZone: "Africa/Nairobi", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (!short) Object.assign(options, { day: "2-digit", month: "short", second: "2-digit" });
  return new Date(at).toLocaleString("en-GB", options);
}

export function fill(id, nodes, emptyText, columns) {
  const target = document.getElementById(id);
  if (nodes.length) return target.replaceChildren(...nodes);
  const empty = columns ? el("tr", {}, el("td", { colspan: columns, class: "empty" }, emptyText)) : el("p", { class: "empty" }, emptyText);
  target.replaceChildren(empty);
}

// Runs at once and again after each pause. Without a connection the page keeps its content.
export async function every(pauseMs, act) {
  for (;;) {
    try { await act(); } catch (error) { console.warn(error.message); }
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}

for (const link of document.querySelectorAll("header.top a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}
