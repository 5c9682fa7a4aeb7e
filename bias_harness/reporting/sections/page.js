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
  document.querySelectorAll(".search[data-target]").forEach((search) => {
    const target = document.getElementById(search.dataset.target);
    if (!target) return;
    search.hidden = false;
    const items = [...target.querySelectorAll("tbody tr")];
    const output = search.querySelector("output");
    search.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLocaleLowerCase();
      let found = 0;
      items.forEach((item) => {
        item.hidden = wanted !== "" && !item.textContent.toLocaleLowerCase().includes(wanted);
        found += item.hidden ? 0 : 1;
      });
      output.textContent = wanted === "" ? "" : search.dataset.found.replace("{count}", String(found));
    });
  });
  document.querySelectorAll("button.copies").forEach((button) => {
    const text = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(text);
      try { await navigator.clipboard.writeText(text.textContent); } catch { document.execCommand("copy"); }
      button.textContent = button.dataset.done;
    });
  });
  // The answers are inside the page, compressed; a group of them is made when it is opened.
  const packed = document.getElementById("answers-data");
  const unpacked = (() => {
    let once;
    const unpack = async () => {
      const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
      const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      return (await new Response(plain).json()).groups;
    };
    return () => (once ??= unpack());
  })();
  const made = (name, ...inside) => {
    const element = document.createElement(name);
    element.append(...inside);
    return element;
  };
  const quoted = (...inside) => {
    const quote = made("blockquote", ...inside);
    quote.className = "answer";
    return quote;
  };
  const answer = ([head, before, advice, after, read, from, to]) => {
    const mark = () => (advice ? [made("mark", advice)] : []);
    const cut = from > 0 || to < after.length;
    const start = from > 0 ? `… ${before.slice(from)}` : before;
    const end = to < after.length ? `${after.slice(0, to).trimEnd()} …` : after;
    const item = made("li", made("b", head), quoted(start, ...mark(), end));
    if (cut) item.append(made("details", made("summary", packed.dataset.whole), quoted(before, ...mark(), after)));
    const note = made("p", read);
    note.className = "note";
    item.append(note);
    return item;
  };
  const fill = async (group) => {
    if (group.dataset.filled || !packed) return;
    group.dataset.filled = "yes";
    const list = made("ul", ...(await unpacked())[Number(group.dataset.group)].map(answer));
    list.className = "answers";
    group.append(list);
  };
  document.querySelectorAll("details[data-group]").forEach((group) => {
    group.addEventListener("toggle", () => { if (group.open) fill(group); });
  });
  const find = document.getElementById("find-answers");
  if (find) {
    find.hidden = false;
    const hits = document.getElementById("hits");
    find.querySelector("input").addEventListener("change", async (event) => {
      const wanted = event.target.value.trim().toLocaleLowerCase();
      const every = wanted === "" ? [] : (await unpacked()).flat();
      const found = every.filter((row) => row.slice(0, 5).join(" ").toLocaleLowerCase().includes(wanted));
      hits.replaceChildren(...found.slice(0, 100).map(answer));
      const said = find.dataset.found.replace("{count}", String(found.length));
      find.querySelector("output").textContent = wanted === "" ? "" : said;
    });
  }
  const show = () => {
    const place = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (place instanceof HTMLDetailsElement) place.open = true;
  };
  addEventListener("hashchange", show);
  show();
})();
