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
for (const figure of document.querySelectorAll("figure")) {
  const output = figure.querySelector("output"), usual = output.textContent;
  figure.addEventListener("pointermove", event => {
    const title = event.target.querySelector(":scope > title");
    if (title) output.textContent = title.textContent;
  });
  figure.addEventListener("pointerleave", () => { output.textContent = usual; });
}
