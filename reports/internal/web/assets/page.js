// The page as a whole: it draws the plots, goes on to newer data, follows the theme, and gets ready for paper.

const plots = new Map();

// render shows an update: the one in the page to begin with, newer ones later.
function render(update) {
  if (update.outline && document.body.dataset.outline && update.outline !== document.body.dataset.outline) return location.reload();
  if (update.title) document.title = update.title;
  for (const [name, html] of Object.entries(update.fragments || {})) replaceFragment(name, html);
  for (const [name, spec] of Object.entries(update.plots || {})) {
    const known = plots.get(name);
    if (known && known.element.isConnected) known.update(spec);
    else placePlot(name, spec);
  }
}

function placePlot(name, spec) {
  const element = document.querySelector('[data-plot="' + CSS.escape(name) + '"]');
  if (element) plots.set(name, new Plot(element, spec));
}

const shown = new Map();

// replaceFragment puts HTML, which the server has escaped, in the place of an older one. What was open stays open.
function replaceFragment(name, html) {
  const element = document.querySelector('[data-fragment="' + CSS.escape(name) + '"]');
  if (!element || shown.get(name) === html) return;
  shown.set(name, html);
  const open = new Set([...element.querySelectorAll("details[open][id]")].map((d) => d.id));
  const parsed = new DOMParser().parseFromString(html, "text/html");
  element.replaceChildren(...parsed.body.childNodes);
  for (const id of open) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
}

function redraw(width) {
  for (const plot of plots.values()) plot.draw(width);
}

// Paper is light and of a known width, and nothing on it can be opened.
const opened = [];

window.addEventListener("beforeprint", () => {
  document.documentElement.dataset.paper = "";
  for (const details of document.querySelectorAll("details:not([open], .numbers)")) {
    opened.push(details);
    details.open = true;
  }
  redraw(PAPER_WIDTH_PX);
});

window.addEventListener("afterprint", () => {
  delete document.documentElement.dataset.paper;
  for (const details of opened.splice(0)) details.open = false;
  redraw();
});

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

// follow marks the section that is being read in the contents.
function follow() {
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const visible = new Set();
  const mark = () => {
    const first = sections.find((s) => visible.has(s) && s.tagName === "SECTION") || sections.find((s) => visible.has(s));
    for (const link of links.values()) link.removeAttribute("aria-current");
    if (first) links.get(first.id).setAttribute("aria-current", "true");
  };
  const observer = new IntersectionObserver((entries) => {
    for (const e of entries) e.isIntersecting ? visible.add(e.target) : visible.delete(e.target);
    mark();
  }, { rootMargin: "-10% 0px -60% 0px" });
  for (const s of sections) observer.observe(s);
}

// listen takes updates from the server that a live page comes from, until that ends.
function listen(address) {
  const events = new EventSource(address);
  events.addEventListener("message", (event) => render(JSON.parse(event.data)));
  events.addEventListener("end", () => events.close());
}

render(JSON.parse(document.getElementById("data").textContent));
follow();
if (document.body.dataset.stream) listen(document.body.dataset.stream);
window.mqttrace = { render };
