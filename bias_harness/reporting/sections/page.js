"use strict";
// Sorting and searching for those who have scripts; without them every row stands there as it is.
(() => {
  const value = (cell) => cell.dataset.sort === undefined ? null : Number(cell.dataset.sort);
  const compare = (a, b) => {
    const x = value(a), y = value(b);
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return x === null ? 1 : -1;
    return a.textContent.localeCompare(b.textContent, document.documentElement.lang);
  };
  const sort = (table, index, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => compare(a.cells[index], b.cells[index]) * (down ? -1 : 1));
    body.append(...rows);
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    [...table.tHead.rows[0].cells].forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, index, head));
    });
  });
  document.querySelectorAll(".search").forEach((search) => {
    const target = document.getElementById(search.dataset.target);
    if (!target) return;
    search.hidden = false;
    const items = [...target.querySelectorAll("tbody tr, .answers > li")];
    const output = search.querySelector("output");
    search.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLocaleLowerCase();
      let found = 0;
      items.forEach((item) => {
        item.hidden = wanted !== "" && !item.textContent.toLocaleLowerCase().includes(wanted);
        found += item.hidden ? 0 : 1;
      });
      target.querySelectorAll("details.profile").forEach((group) => {
        const left = group.querySelector(".answers > li:not([hidden])") !== null;
        group.hidden = wanted !== "" && !left;
        group.open = wanted !== "" && left && found <= 200;
      });
      output.textContent = wanted === "" ? "" : search.dataset.found.replace("{count}", String(found));
    });
  });
  const show = () => {
    const place = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (place instanceof HTMLDetailsElement) place.open = true;
  };
  addEventListener("hashchange", show);
  show();
})();
