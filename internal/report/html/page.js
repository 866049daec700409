"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    const cell = row => row.cells[column];
    const order = head.className === "text"
      ? (a, b) => cell(a).textContent.localeCompare(cell(b).textContent)
      : (a, b) => cell(a).dataset.value - cell(b).dataset.value;
    const rows = [...table.tBodies[0].rows].sort(order);
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append(...(down ? rows.reverse() : rows));
  }));
}

// Charts show the values nearest to the pointer. Dragging zooms all charts of a section, because
// they have the same span of time; view is the part of it that they show, from 0 to 1.
for (const section of document.querySelectorAll("section.charts")) {
  const from = Number(section.dataset.from), to = Number(section.dataset.to), clock = JSON.parse(section.dataset.clock);
  const hint = section.querySelector(".hint"), whole = hint.querySelector("button");
  let view = [0, 1];
  const zooms = [];
  const show = (a, b) => {
    view = [a, b];
    whole.hidden = a === 0 && b === 1;
    for (const zoom of zooms) zoom();
  };
  for (const figure of section.querySelectorAll("figure")) {
    const output = figure.querySelector("output"), usual = output.textContent;
    const hits = JSON.parse(figure.querySelector("script").textContent) ?? [];
    const frame = figure.querySelector(".frame"), marks = frame.querySelector(".marks"), steps = marks.viewBox.baseVal.width;
    const ticks = frame.querySelector(".ticks"), unzoomed = [...ticks.children];
    const cursor = rect(marks, "cursor"), drag = rect(marks, "drag");
    const within = event => {
      const box = frame.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    };
    const spot = part => view[0] + part * (view[1] - view[0]);
    const cover = (mark, a, b) => {
      mark.setAttribute("x", a * steps);
      mark.setAttribute("width", (b - a) * steps);
    };
    let start = null;
    zooms.push(() => {
      marks.setAttribute("viewBox", `${view[0] * steps} 0 ${(view[1] - view[0]) * steps} 100`);
      marks.classList.toggle("zoomed", view[1] - view[0] < .5);
      cover(cursor, 0, 0);
      const all = view[0] === 0 && view[1] === 1;
      ticks.replaceChildren(...(all ? unzoomed : timeTicks(from + view[0] * (to - from), from + view[1] * (to - from), clock, unzoomed[0])));
    });
    frame.addEventListener("pointermove", event => {
      const part = within(event), x = spot(part);
      if (start !== null) cover(drag, spot(Math.min(start, part)), spot(Math.max(start, part)));
      const hit = hits.reduce((best, h) => Math.abs(h[0] + .5 - x * steps) < Math.abs(best[0] + .5 - x * steps) ? h : best, hits[0]);
      if (!hit) return;
      const half = Math.max(.5, steps * (view[1] - view[0]) / frame.getBoundingClientRect().width);
      cover(cursor, (hit[0] + .5 - half) / steps, (hit[0] + .5 + half) / steps);
      output.textContent = hit[1];
    });
    frame.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      start = within(event);
      frame.setPointerCapture(event.pointerId);
    });
    const end = event => {
      const part = within(event), width = frame.getBoundingClientRect().width, least = 8 / steps;
      const [a, b] = [spot(Math.min(start, part)), spot(Math.max(start, part))];
      const dragged = start !== null && Math.abs(part - start) * width > 5 && b - a > least;
      start = null;
      cover(drag, 0, 0);
      if (dragged && event.type === "pointerup") show(a, b);
    };
    frame.addEventListener("pointerup", end);
    frame.addEventListener("pointercancel", end);
    frame.addEventListener("dblclick", () => show(0, 1));
    frame.addEventListener("pointerleave", event => {
      if (event.pointerType === "touch") return; // a lifted finger: the text is still to be read
      output.textContent = usual;
      cover(cursor, 0, 0);
    });
  }
  whole.addEventListener("click", () => show(0, 1));
  document.addEventListener("keydown", event => { if (event.key === "Escape") show(0, 1); });
  hint.hidden = false;
}

// rect adds an empty rectangle to a chart.
function rect(marks, name) {
  const mark = document.createElementNS(marks.namespaceURI, "rect");
  mark.setAttribute("class", name);
  mark.setAttribute("height", 100);
  mark.setAttribute("width", 0);
  return marks.appendChild(mark);
}

// timeTicks returns at most six labels for round times between two, all in ms, made like one that is there.
function timeTicks(from, to, clock, like) {
  const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  const ahead = clock.findLast(change => change[0] <= from)?.[1] ?? clock[0][1];
  const steps = [second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 28 * day, 91 * day, 364 * day];
  const step = steps.find(s => (to - from) / s < 6) ?? Math.ceil((to - from) / 6 / day) * day;
  const ticks = [];
  for (let t = Math.ceil((from + ahead) / step) * step; t - ahead < to; t += step) {
    const part = (t - ahead - from) / (to - from), label = new Date(t).toISOString(), date = label.slice(ticks.length ? 5 : 0, 10);
    const time = label.slice(11, step < minute ? 19 : 16), dated = !ticks.length || to - from > day;
    const tick = like.cloneNode(true), text = tick.querySelector("text");
    text.textContent = step >= day ? date : dated ? `${date} ${time}` : time;
    text.setAttribute("text-anchor", part < .15 ? "start" : part > .85 ? "end" : "middle");
    tick.setAttribute("x", `${100 * part}%`);
    tick.setAttribute("class", ticks.length % 2 ? "odd" : "");
    ticks.push(tick);
  }
  return ticks;
}
