// Pan, zoom, drag, look closer, search. Text from documents is only ever set as textContent; nothing is fetched.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.getElementById("graph");
  const scene = document.getElementById("scene");
  const panel = document.getElementById("details");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const nodes = data.nodes.map((node, at) => ({ ...node, at, group: scene.querySelector(`[data-node="${at}"]`) }));
  const edges = data.edges.map((edge, at) => ({
    ...edge,
    group: scene.querySelector(`g[data-edge="${at}"]`),
    label: scene.querySelector(`text[data-edge="${at}"]`),
  }));
  const near = nodes.map(() => new Set());
  for (const edge of edges) {
    near[edge.source].add(edge.target);
    near[edge.target].add(edge.source);
  }
  const view = { x: 0, y: 0, scale: 1 };
  let pinned = -1;
  let matches = [];

  // -- where things are ---------------------------------------------------------------------------------------------

  const show = () => scene.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);

  const zoom = (factor, x, y) => {
    const scale = Math.min(6, Math.max(0.3, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    show();
  };

  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const middle = () => [data.width / 2, data.height / 2];
  const whole = () => {
    Object.assign(view, { x: 0, y: 0, scale: 1 });
    show();
  };
  const share = (dx, dy, w, h) => Math.min(dx ? w / Math.abs(dx) : Infinity, dy ? h / Math.abs(dy) : Infinity, 1);

  const redraw = (edge) => {
    const [a, b] = [nodes[edge.source], nodes[edge.target]];
    const [x1, y1, x2, y2] = [a.x, a.y - a.up, b.x, b.y - b.up];
    const [dx, dy] = [x2 - x1, y2 - y1];
    let out = share(dx, dy, a.half_width + 1, a.half_height + 1);
    let back = share(dx, dy, b.half_width + 2, b.half_height + 2);
    if (out + back >= 1) out = back = 0.5;
    const ends = [x1 + out * dx, y1 + out * dy, x2 - back * dx, y2 - back * dy];
    const line = edge.group.querySelector("line");
    ["x1", "y1", "x2", "y2"].forEach((name, at) => line.setAttribute(name, ends[at]));
    const tip = edge.group.querySelector("polygon");
    if (tip) {
      const length = Math.max(1e-6, Math.hypot(ends[2] - ends[0], ends[3] - ends[1]));
      const [ax, ay] = [((ends[2] - ends[0]) / length) * data.arrow, ((ends[3] - ends[1]) / length) * data.arrow];
      const [x, y] = [ends[2], ends[3]];
      tip.setAttribute("points", `${x},${y} ${x - ax + ay / 2},${y - ay - ax / 2} ${x - ax - ay / 2},${y - ay + ax / 2}`);
    }
    if (edge.label) {
      edge.label.setAttribute("x", (ends[0] + ends[2]) / 2);
      edge.label.setAttribute("y", (ends[1] + ends[3]) / 2 + 4);
    }
  };

  const move = (node, x, y) => {
    Object.assign(node, { x, y });
    node.group.setAttribute("transform", `translate(${x} ${y})`);
    edges.filter((edge) => edge.source === node.at || edge.target === node.at).forEach(redraw);
  };

  // -- what is told -------------------------------------------------------------------------------------------------

  const add = (parent, tag, text, kind = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };

  const tell = (at) => {
    panel.replaceChildren();
    panel.hidden = at < 0;
    if (at < 0) return;
    const node = nodes[at];
    add(panel, "h2", node.number ? `[${node.number}] ${node.label}` : node.label);
    add(panel, "p", node.number ? "cited passage" : node.type, "kind");
    node.notes.forEach((note) => add(panel, "p", note));
    const list = add(panel, "ul", "");
    for (const edge of edges.filter((each) => each.source === at || each.target === at)) {
      const other = nodes[edge.source === at ? edge.target : edge.source];
      const item = add(list, "li", "");
      const name = other.number ? `[${other.number}] ${other.label}` : other.label;
      add(item, "button", name).addEventListener("click", () => nodes[other.at].group.focus());
      if (edge.text) add(item, "span", ` ${edge.text}`, "kind");
      edge.notes.slice(0, 6).forEach((note) => add(item, "p", note));
      if (edge.notes.length > 6) add(item, "p", `… and ${edge.notes.length - 6} more`, "kind");
    }
  };

  const light = (at) => {
    const chosen = at >= 0 ? new Set([at, ...near[at]]) : matches.length ? new Set(matches) : null;
    nodes.forEach((node) => node.group.classList.toggle("dim", chosen !== null && !chosen.has(node.at)));
    for (const edge of edges) {
      const dim = chosen !== null && (at >= 0 ? edge.source !== at && edge.target !== at : true);
      edge.group.classList.toggle("dim", dim);
      if (edge.label) edge.label.classList.toggle("dim", dim);
    }
  };

  const look = (at) => {
    tell(at);
    light(at);
  };

  const pin = (at) => {
    if (pinned >= 0) nodes[pinned].group.setAttribute("aria-pressed", "false");
    pinned = at;
    if (at >= 0) nodes[at].group.setAttribute("aria-pressed", "true");
    look(at);
  };

  // -- pointer ------------------------------------------------------------------------------------------------------

  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const group = event.target.closest("[data-node]");
    const node = group ? nodes[Number(group.dataset.node)] : null;
    const at = point(event);
    drag = { node, at, x: node ? node.x : view.x, y: node ? node.y : view.y, moved: false };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const at = point(event);
    const [dx, dy] = [at.x - drag.at.x, at.y - drag.at.y];
    drag.moved = drag.moved || Math.hypot(dx, dy) > 4;
    if (!drag.moved) return;
    if (drag.node) move(drag.node, drag.x + dx / view.scale, drag.y + dy / view.scale);
    else {
      Object.assign(view, { x: drag.x + dx, y: drag.y + dy });
      show();
    }
  });
  const drop = () => {
    if (drag && !drag.moved) {
      pin(drag.node ? drag.node.at : -1);
      if (drag.node) drag.node.group.focus();
    }
    drag = null;
  };
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", () => (drag = null));
  svg.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const at = point(event);
      zoom(Math.exp(-event.deltaY * 0.0015), at.x, at.y);
    },
    { passive: false },
  );

  // -- keyboard -----------------------------------------------------------------------------------------------------

  for (const node of nodes) {
    const { group } = node;
    group.querySelector("title")?.remove();
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    group.setAttribute("aria-pressed", "false");
    group.setAttribute("aria-label", `${node.label}, ${node.number ? `passage ${node.number}` : node.type}`);
    group.addEventListener("pointerenter", () => drag || look(node.at));
    group.addEventListener("pointerleave", () => drag || look(pinned));
    group.addEventListener("focus", () => look(node.at));
    group.addEventListener("blur", () => panel.matches(":focus-within") || look(pinned));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pin(pinned === node.at ? -1 : node.at);
      }
    });
  }

  const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      seek();
      pin(-1);
      return;
    }
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") search.focus();
    else if (event.key === "+" || event.key === "=") zoom(1.25, ...middle());
    else if (event.key === "-") zoom(0.8, ...middle());
    else if (event.key === "0") whole();
    else if (event.key in steps) {
      view.x += steps[event.key][0];
      view.y += steps[event.key][1];
      show();
    } else return;
    event.preventDefault();
  });

  // -- search -------------------------------------------------------------------------------------------------------

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const seek = () => {
    const wanted = plain(search.value.trim());
    matches = wanted ? nodes.filter((node) => plain([node.label, ...node.notes].join(" ")).includes(wanted)) : [];
    matches = matches.map((node) => node.at);
    found.textContent = wanted ? `${matches.length} found` : "";
    light(pinned);
    if (wanted && pinned < 0 && !matches.length) nodes.forEach((node) => node.group.classList.add("dim"));
  };
  search.addEventListener("input", seek);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !matches.length) return;
    const node = nodes[matches[0]];
    matches.push(matches.shift()); // the next Enter goes to the next one
    Object.assign(view, { x: data.width / 2 - node.x * view.scale, y: data.height / 2 - node.y * view.scale });
    show();
    pin(node.at);
  });
  document.getElementById("nearer").addEventListener("click", () => zoom(1.25, ...middle()));
  document.getElementById("farther").addEventListener("click", () => zoom(0.8, ...middle()));
  document.getElementById("whole").addEventListener("click", whole);
  document.getElementById("tools").hidden = false;
})();
