// Keeps a page fresh, tells when the server is away, and sends actions without leaving the page.
"use strict";

const EVERY_MS = 30000;
const RETRY_MS = 3000;
const RUNNING_MS = 2000;
const ANSWER_MS = 20000;
const LOGIN = `${document.documentElement.dataset.root}/admin/login`;
const HTML = { Accept: "text/html" };
const AUTO_KEY = "baton-auto-refresh";
const NOTE_KEY = "baton-note";
const FIELDS = "input, textarea";
const PLACES = "a, button, summary, input, textarea, select";
const connection = document.getElementById("connection");
let timer = null;
let asking = false;
let due = false;

function remembered() {
  try { return localStorage.getItem(AUTO_KEY) === "on"; } catch { return false; }
}

function remember(on) {
  try { localStorage.setItem(AUTO_KEY, on ? "on" : "off"); } catch { /* private window */ }
}

function say(text) {
  connection.textContent = text;
  connection.hidden = text === "";
}

// The page behind an answer, or null when the visitor has to sign in again.
async function pageOf(answer) {
  if (new URL(answer.url).pathname === LOGIN) {
    location.assign(answer.url);
    return null;
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// What a visitor typed or ticked, and the server does not know yet.
function isTyped(one) {
  if (one.type === "hidden" || one.type === "file") return false;
  return one.value !== one.defaultValue || one.checked !== one.defaultChecked;
}

function stateOf(one) {
  return { value: one.value, checked: one.checked };
}

// Puts the fresh parts in place of the old ones; what the visitor opened or holds stays so.
function show(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = fresh.getElementById(old.id);
    if (!made || old.outerHTML === made.outerHTML) continue;
    const opened = [...old.querySelectorAll("details")].map((one) => one.open);
    const typed = [...old.querySelectorAll(FIELDS)].map((one) => (isTyped(one) ? stateOf(one) : null));
    const scrolled = [...old.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    const places = [...old.querySelectorAll(PLACES)];
    const held = places.indexOf(document.activeElement);
    old.replaceWith(made);
    made.querySelectorAll("details").forEach((one, at) => { one.open = opened[at] ?? one.open; });
    made.querySelectorAll(FIELDS).forEach((one, at) => { if (typed[at]) Object.assign(one, typed[at]); });
    made.querySelectorAll(".scroll").forEach((one, at) => { one.scrollLeft = scrolled[at] ?? 0; });
    if (held >= 0) made.querySelectorAll(PLACES)[held]?.focus({ preventScroll: true });
    BatonCharts.draw(made);
  }
}

async function refresh() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  try {
    const answer = await fetch(location.href, { headers: HTML, signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status >= 500) throw new Error(String(answer.status));
    const fresh = await pageOf(answer);
    if (fresh === null) return;
    show(fresh);
    say("");
    plan(EVERY_MS);
    followRunning();
  } catch {
    say(connection.dataset.lost);
    plan(RETRY_MS, true);
  } finally {
    asking = false;
  }
}

// Errors of a form stand at its fields; what was typed stays.
function showErrors(form, fresh) {
  for (const told of form.querySelectorAll("[data-error]")) {
    const made = fresh.getElementById(told.id);
    told.textContent = made?.textContent ?? "";
    told.hidden = told.textContent.trim() === "";
    const field = form.querySelector(`[aria-describedby="${told.id}"]`);
    if (told.hidden) field?.removeAttribute("aria-invalid");
    else field?.setAttribute("aria-invalid", "true");
  }
  form.querySelector("[aria-invalid]")?.focus();
}

// What goes on is looked at every two seconds, until it has ended.
function followRunning() {
  if (document.querySelector("[data-running]")) plan(RUNNING_MS, true);
}

// A page that nobody sees does not ask; it does when it is seen again.
function plan(afterMs, always = false) {
  clearTimeout(timer);
  due = always || document.getElementById("auto")?.checked;
  if (due) timer = setTimeout(() => { if (!document.hidden) refresh(); }, afterMs);
}

// An action that leads to another page: what it did is told there.
function carryNote(fresh) {
  const told = fresh.querySelector("#note .note");
  try { if (told) sessionStorage.setItem(NOTE_KEY, told.textContent); } catch { /* private window */ }
}

function showCarriedNote() {
  try {
    const text = sessionStorage.getItem(NOTE_KEY);
    sessionStorage.removeItem(NOTE_KEY);
    if (text === null) return;
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = text;
    document.getElementById("note").replaceChildren(note);
  } catch { /* private window */ }
}

function bodyOf(form) {
  const data = new FormData(form);
  return form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
}

async function act(form, button) {
  const text = button?.textContent;
  if (button?.dataset.busy) button.textContent = button.dataset.busy;
  if (button) button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST", headers: HTML, body: bodyOf(form),
    });
    if (answer.status === 503) throw new Error("away");
    const fresh = await pageOf(answer);
    if (fresh === null) return;
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
      carryNote(fresh);
      location.assign(answer.url);
      return;
    }
    show(fresh);
    showErrors(form, fresh);
    const told = fresh.querySelector("#note .note, .panel .note");
    document.getElementById("note").replaceChildren(...(told ? [told] : []));
    document.getElementById("note").scrollIntoView({ block: "nearest" });
    if (told && !told.classList.contains("failed")) form.querySelectorAll("input[name=domain], input[name=labels], input[name=add], textarea, input[type=file]").forEach((one) => { one.value = ""; });
    say("");
    followRunning();
  } catch {
    say(connection.dataset.notDone);
    plan(RETRY_MS, true);
  } finally {
    if (button?.isConnected) { button.disabled = false; button.textContent = text; }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.method !== "post") return;
  if (button?.dataset.confirm && !confirm(button.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  if (!form.closest("main") || form.getAttribute("action") === LOGIN) return;
  event.preventDefault();
  act(form, button);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && due) refresh();
});

document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const controls = document.querySelector(".refresh");
if (controls) {
  controls.hidden = false;
  const auto = document.getElementById("auto");
  auto.checked = remembered();
  auto.addEventListener("change", () => { remember(auto.checked); plan(EVERY_MS); });
  document.getElementById("refresh").addEventListener("click", refresh);
  plan(EVERY_MS);
}
showCarriedNote();
followRunning();
