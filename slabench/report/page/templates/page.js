"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("script");
  const words = JSON.parse(document.getElementById("words").textContent);
  const drawn = new Map(); // figure -> {chart, data, selected}
  const DASH = {new: "solid", old: [7, 4], published: [2, 3], log: [10, 3, 2, 3], second: [5, 2], third: [1, 2], fourth: [12, 4]};
  const SYMBOL = {new: "circle", old: "rect", published: "diamond", log: "triangle", second: "roundRect", third: "pin", fourth: "arrow"};
  const element = (name, text, parent, cls) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (cls) made.className = cls;
    if (parent) parent.append(made);
    return made;
  };
  // four significant digits, as everywhere in the report
  const number = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    if (size >= 1000) return value.toLocaleString("en-US", {maximumFractionDigits: 0});
    if (Number.isInteger(value)) return String(value);
    return size >= 1 ? value.toFixed(2) : String(Number(value.toPrecision(3)));
  };
  const probe = element("i", "", document.body);
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const unitOf = (axis) => (axis.unit ? ` ${axis.unit}` : "");
  const title = (axis) => (axis.unit ? `${axis.label} (${axis.unit})` : axis.label || "");

  // ---- a chart's option from its values
  function axisOption(axis, values, place) {
    const base = {
      name: title(axis), nameTextStyle: {color: colour("soft")}, axisLabel: {color: colour("soft"), hideOverlap: true},
      axisLine: {show: true, lineStyle: {color: colour("line")}}, axisTick: {lineStyle: {color: colour("line")}},
      splitLine: {show: place !== "x", lineStyle: {color: colour("line"), opacity: 0.6}},
    };
    const at = place === "x" ? {nameLocation: "middle", nameGap: 26}
      : {nameLocation: "end", nameGap: 10, nameTextStyle: {...base.nameTextStyle, align: place === "y" ? "left" : "right"}};
    if (axis.categories) {
      const narrow = root.clientWidth < 700;
      const label = place === "x" ? {hideOverlap: false, interval: 0, rotate: axis.categories.join("").length > 60 ? 30 : 0}
        : {width: narrow ? 170 : 340, overflow: "truncate", interval: 0, formatter: (name) => name.split("::").pop()};
      return {...base, ...at, name: place === "x" ? base.name : "", type: "category", data: axis.categories, inverse: place !== "x",
        axisLine: {...base.axisLine, onZero: false}, axisLabel: {...base.axisLabel, ...label}, splitLine: {show: false}};
    }
    const whole = values.every((value) => Number.isInteger(value));
    const common = {...base, ...at, axisLabel: {...base.axisLabel, formatter: (value) => axisText(value)}};
    if (axis.log) {
      const low = Math.min(...values.filter((value) => value > 0));
      const base2 = whole;
      const step = base2 ? 2 : 10;
      return {...common, type: "log", logBase: step, min: step ** Math.floor(Math.log(low) / Math.log(step) + 1e-9)};
    }
    return {...common, type: "value", scale: !axis.zero, max: axis.seconds ? "dataMax" : undefined, minInterval: whole && place === "x" ? 1 : undefined};
  }
  const axisText = (value) => {
    const size = Math.abs(value);
    if (size >= 10000) return `${Number((value / 1000).toPrecision(4)).toLocaleString("en-US")}k`;
    return Number(value.toPrecision(6)).toLocaleString("en-US", {maximumFractionDigits: 4});
  };

  function rowsOf(series) {
    return series.x.map((x, k) => [x, series.y[k], series.low ? series.low[k] : null, series.high ? series.high[k] : null]);
  }

  function bandShape(rows) {
    return (params, api) => {
      if (params.dataIndex !== 0) return null;
      const known = rows.filter((row) => row[2] !== null && row[3] !== null);
      const points = [...known.map((row) => api.coord([row[0], row[3]])), ...known.reverse().map((row) => api.coord([row[0], row[2]]))];
      return {type: "polygon", shape: {points}, style: {fill: api.visual("color"), opacity: 0.22}};
    };
  }

  function intervalShape(along, role, invalid) {
    return (params, api) => {
      const x = api.value(0), y = api.value(1), low = api.value(2), high = api.value(3);
      const fill = api.visual("color"), middle = api.coord([x, y]), children = [];
      const end = (value) => api.coord(along === "x" ? [value, y] : [x, value]);
      const line = (a, b) => children.push({type: "line", shape: {x1: a[0], y1: a[1], x2: b[0], y2: b[1]}, style: {stroke: fill, lineWidth: 2}});
      if (Number.isFinite(low) && Number.isFinite(high)) {
        const a = end(low), b = end(high), cap = along === "x" ? [0, 5] : [5, 0];
        line(a, b);
        for (const each of [a, b]) line([each[0] - cap[0], each[1] - cap[1]], [each[0] + cap[0], each[1] + cap[1]]);
      }
      const hollow = invalid.has(params.dataIndex);
      const square = role === "old" || role === "published";
      const style = {fill: hollow ? colour("page") : fill, stroke: fill, lineWidth: 2};
      children.push(square ? {type: "rect", shape: {x: middle[0] - 4, y: middle[1] - 4, width: 8, height: 8}, style}
        : {type: "circle", shape: {cx: middle[0], cy: middle[1], r: 4.5}, style});
      return {type: "group", children};
    };
  }

  function seriesOption(series, index, chart) {
    const fill = colour(series.role), invalid = new Set(series.invalid || []), rows = rowsOf(series);
    const hollow = {color: colour("page"), borderColor: fill, borderWidth: 2};
    const data = rows.map((value, k) => (invalid.has(k) ? {value, itemStyle: hollow} : value));
    const common = {name: `s${index}`, data, yAxisIndex: series.axis || 0, itemStyle: {color: fill}, color: fill, animation: false,
      dimensions: ["x", "y", "low", "high"], encode: {x: 0, y: 1}, clip: true};
    const axis = chart.y[series.axis || 0];
    switch (series.kind) {
      case "points": return {...common, type: "scatter", symbol: SYMBOL[series.role], symbolSize: 9};
      case "bar": return {...common, type: "bar", barMaxWidth: 54, stack: series.stacked ? "stacked" : undefined,
        data: rows.map((value, k) => (invalid.has(k) ? {value, itemStyle: {...hollow, borderType: "dashed"}} : value))};
      case "band": return {...common, type: "custom", encode: {x: 0, y: [2, 3]}, renderItem: bandShape(rows), z: 1};
      case "interval": {
        const along = axis.categories ? "x" : "y";
        return {...common, type: "custom", encode: along === "x" ? {x: [0, 2, 3], y: 1} : {x: 0, y: [1, 2, 3]},
          renderItem: intervalShape(along, series.role, invalid), z: 3};
      }
      default: {
        const many = rows.length > 80;
        return {...common, type: "line", step: series.kind === "step" ? "end" : undefined, symbol: SYMBOL[series.role], symbolSize: 7,
          showSymbol: !many && series.kind !== "step", lineStyle: {color: fill, width: many ? 1.5 : 2, type: DASH[series.role]}, z: 2};
      }
    }
  }

  // limits and events: a helper series of their own, so that hiding a series leaves them
  function groups(chart) {
    const made = new Map();
    for (const mark of chart.marks || []) {
      const key = mark.slo || mark.axis !== "x" ? "limits" : `${mark.until === undefined ? "e" : "r"}:${mark.label}`;
      if (!made.has(key)) made.set(key, []);
      made.get(key).push(mark);
    }
    return made;
  }

  function extentOf(chart, axis) {
    const values = [];
    chart.series.forEach((series) => {
      if (axis !== "x" && (axis === "y2" ? 1 : 0) !== (series.axis || 0)) return;
      const columns = axis === "x" ? [series.x] : [series.y, series.low, series.high];
      columns.forEach((column) => column && column.forEach((value) => value !== null && values.push(value)));
    });
    return [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
  }

  // a limit far beyond the values would flatten them: it is named below the chart
  function beyond(chart, mark) {
    if (chart.y[0].categories && mark.axis !== "x") return false;
    const [low, high] = extentOf(chart, mark.axis), span = Math.max(high - low, Math.abs(high));
    return mark.until === undefined && (mark.value > high + 1.5 * span || mark.value < low - 1.5 * span);
  }

  function markSeries(chart) {
    const made = [], all = groups(chart), few = all.size <= 4;
    for (const [key, marks] of all) {
      const limits = key === "limits";
      for (const second of [false, true]) {
        const mine = marks.filter((mark) => (mark.axis === "y2") === second && !beyond(chart, mark));
        if (!mine.length) continue;
        const at = (mark) => ({[mark.axis === "x" ? "xAxis" : "yAxis"]: mark.value});
        const shown = limits || (few && mine.length === 1);
        const text = (mark) => ({show: shown, formatter: () => mark.label, color: colour(mark.slo ? "slo" : "soft"), fontSize: 11.5,
          // along the line, an objective's at its other end, so that those of neighbours do not meet
          position: mark.slo && mark.axis === "x" ? "insideStartTop" : "insideEndTop"});
        const lines = mine.filter((mark) => mark.until === undefined).map((mark) => ({...at(mark), name: mark.label, label: text(mark),
          lineStyle: {color: colour(mark.slo ? "slo" : "soft"), type: mark.slo ? [7, 4] : [2, 2], width: mark.slo ? 1.5 : 1}}));
        const areas = mine.filter((mark) => mark.until !== undefined).map((mark) => [
          {...at(mark), name: mark.label, label: {show: shown, formatter: () => mark.label, color: colour("soft"), fontSize: 11.5, position: "insideTop"}},
          {[mark.axis === "x" ? "xAxis" : "yAxis"]: mark.until}]);
        // a point at each limit widens the axis; it is never drawn
        const [x] = extentOf(chart, "x"), [y] = extentOf(chart, second ? "y2" : "y");
        const points = chart.y[0].categories ? mine.filter((mark) => mark.axis === "x").map((mark) => [mark.value, 0])
          : mine.map((mark) => (mark.axis === "x" ? [mark.value, y] : [x, mark.value]));
        made.push({type: "line", name: limits ? "limits" : `m:${key}`, group: key, data: chart.x.categories ? [] : points, symbol: "none", lineStyle: {width: 0}, silent: true,
          tooltip: {show: false}, yAxisIndex: second ? 1 : 0, animation: false, markLine: {symbol: "none", silent: true, animation: false, data: lines},
          markArea: {silent: true, animation: false, itemStyle: {color: colour("soft"), opacity: 0.12}, data: areas}});
      }
    }
    return made;
  }

  function tooltip(chart) {
    return (given) => {
      const items = (Array.isArray(given) ? given : [given]).filter((item) => /^s\d+$/.test(item.seriesName || ""));
      const box = element("div", "", null, "tip");
      if (!items.length) return box;
      const forest = Boolean(chart.y[0].categories), first = items[0].value, place = (axis, value) => (axis.categories ? axis.categories[value] : `${number(value)}${unitOf(axis)}`);
      element("b", forest ? place(chart.y[0], first[1]) : `${chart.x.label || ""} ${place(chart.x, first[0])}`, box);
      for (const item of items) {
        const series = chart.series[Number(item.seriesName.slice(1))], [x, y, low, high] = item.value;
        const axis = forest ? chart.x : chart.y[series.axis || 0], row = element("div", "", box);
        row.append(swatch(series));
        element("span", series.name, row);
        const interval = Number.isFinite(low) && Number.isFinite(high) && low !== null ? `${number(low)} – ${number(high)}` : "";
        const value = series.kind === "band" ? interval : `${number(forest ? x : y)}${interval ? ` (${interval})` : ""}`;
        element("span", `${value}${unitOf(axis)}`, row);
        if ((series.invalid || []).includes(item.dataIndex)) element("p", words.invalid, box);
        const note = (series.notes || {})[item.dataIndex];
        if (note) element("p", note, box);
      }
      return box;
    };
  }

  function option(chart) {
    const itemwise = chart.series.some((series) => ["points", "interval", "bar"].includes(series.kind));
    const values = (axis) => chart.series.flatMap((series) => (axis === "x" ? series.x : series.y)).filter((value) => value !== null);
    const x = axisOption(chart.x, values("x"), "x");
    const zoomable = !chart.x.categories && !chart.y[0].categories;
    const zoom = zoomable ? [{type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, preventDefaultMouseMove: false}] : [];
    if (chart.zoom) zoom.push({type: "slider", filterMode: "none", height: 18, bottom: 4, borderColor: colour("line"), textStyle: {color: colour("soft")},
      labelFormatter: (value) => `${number(value)}${unitOf(chart.x)}`, brushSelect: false});
    const y = chart.y.map((axis, k) => axisOption(axis, values("y"), k ? "y2" : "y"));
    if (y[1]) y[1].splitLine = {show: false};
    return {
      textStyle: {fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink")}, animation: false,
      grid: {left: 8, right: 18, top: 32, bottom: chart.zoom ? 34 : 8, outerBoundsMode: "same", outerBoundsContain: "all"},
      xAxis: x, yAxis: y, dataZoom: zoom, legend: {show: false},
      tooltip: {trigger: itemwise ? "item" : "axis", confine: true, formatter: tooltip(chart), backgroundColor: colour("page"), borderColor: colour("line"),
        textStyle: {color: colour("ink")}, axisPointer: {type: "line", lineStyle: {color: colour("soft")}}, padding: [6, 10], transitionDuration: 0},
      series: [...chart.series.map((series, k) => seriesOption(series, k, chart)), ...markSeries(chart)],
    };
  }

  // ---- legend: buttons, so that the keyboard reaches them
  const SVG = "http://www.w3.org/2000/svg";
  function swatch(series) {
    const svg = document.createElementNS(SVG, "svg"), add = (name, attributes) => {
      const part = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
      svg.append(part);
    };
    const stroke = `var(--${series.role})`, dash = DASH[series.role];
    svg.setAttribute("width", "22"); svg.setAttribute("height", "12"); svg.setAttribute("aria-hidden", "true");
    if (series.kind === "bar" || series.kind === "band") add("rect", {x: 3, y: 1, width: 16, height: 10, fill: stroke, opacity: series.kind === "band" ? 0.35 : 1});
    else {
      if (series.kind !== "points") add("line", {x1: 0, x2: 22, y1: 6, y2: 6, stroke, "stroke-width": 2, "stroke-dasharray": Array.isArray(dash) ? dash.join(" ") : "none"});
      if (series.kind !== "step") add(series.role === "new" ? "circle" : "rect", series.role === "new" ? {cx: 11, cy: 6, r: 4, fill: stroke} : {x: 7.5, y: 2.5, width: 7, height: 7, fill: stroke});
    }
    return svg;
  }

  function legend(figure, state) {
    const box = figure.querySelector(".legend"), add = (names, label, mark) => {
      const button = element("button", "", box);
      button.type = "button";
      if (mark) button.append(mark);
      element("span", label, button);
      const show = () => button.setAttribute("aria-pressed", String(state.selected[names[0]] !== false));
      button.addEventListener("click", () => {
        const on = state.selected[names[0]] === false;
        names.forEach((name) => { state.selected[name] = on; });
        state.chart.setOption({legend: {selected: state.selected}});
        show();
      });
      show();
    };
    state.data.series.forEach((series, k) => {
      state.selected[`s${k}`] = !series.hidden;
      add([`s${k}`], series.name, swatch(series));
    });
    for (const [key, marks] of groups(state.data)) {
      if (key !== "limits") add([`m:${key}`], marks.length > 1 ? `${marks[0].label} ×${marks.length}` : marks[0].label, null);
    }
    const outside = (state.data.marks || []).filter((mark) => beyond(state.data, mark));
    if (outside.length) element("p", `${words.outside} ${outside.map((mark) => mark.label).join("; ")}`, figure.querySelector("figcaption"));
  }

  // ---- keyboard: arrows walk along the points, + and - zoom, 0 resets
  function keyboard(plot, state) {
    let at = -1;
    const zoom = (start, end) => state.chart.dispatchAction({type: "dataZoom", start: Math.max(0, start), end: Math.min(100, end)});
    plot.addEventListener("keydown", (event) => {
      const index = state.data.series.findIndex((series, k) => state.selected[`s${k}`] !== false && series.kind !== "band");
      const range = (state.chart.getOption().dataZoom || [])[0], middle = range ? (range.start + range.end) / 2 : 50, half = range ? (range.end - range.start) / 2 : 50;
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        if (index < 0) return;
        at = Math.max(0, Math.min(state.data.series[index].x.length - 1, at + (event.key === "ArrowRight" ? 1 : -1)));
        state.chart.dispatchAction({type: "showTip", seriesIndex: index, dataIndex: at});
      } else if (range && event.key === "+") zoom(middle - half / 2, middle + half / 2);
      else if (range && event.key === "-") zoom(middle - half * 2, middle + half * 2);
      else if (range && event.key === "0") zoom(0, 100);
      else return;
      event.preventDefault();
    });
    plot.addEventListener("dblclick", () => zoom(0, 100));
  }

  function draw(figure) {
    const known = drawn.get(figure);
    if (known) return known;
    const plot = figure.querySelector(".plot"), data = JSON.parse(figure.querySelector("script").textContent);
    const rows = data.y[0].categories ? data.y[0].categories.length : 0;
    if (rows) plot.style.height = `${Math.max(160, 84 + 26 * rows)}px`;
    const state = {data, selected: {}, chart: echarts.init(plot, null, {renderer: "svg"})};
    drawn.set(figure, state);
    legend(figure, state);
    state.chart.setOption({...option(data), legend: {show: false, selected: state.selected}});
    keyboard(plot, state);
    new ResizeObserver(() => state.chart.resize()).observe(plot);
    return state;
  }
  const redraw = () => drawn.forEach((state) => state.chart.setOption({...option(state.data), legend: {show: false, selected: state.selected}}, {replaceMerge: ["series"]}));

  // ---- the data of a long chart as a table, when it is asked for
  function dataTable(details) {
    const box = details.querySelector("[data-fill]");
    if (!box || box.childElementCount) return;
    const data = draw(details.closest("figure")).data, table = element("table", "", box), head = element("tr", "", element("thead", "", table));
    for (const name of [words.series, title(data.x) || "x", title(data.y[0]) || "y", words.low, words.high]) element("th", name, head);
    const body = element("tbody", "", table);
    for (const series of data.series) rowsOf(series).forEach((row) => {
      const line = element("tr", "", body);
      element("td", series.name, line, "text");
      row.forEach((value) => element("td", number(value), line));
    });
  }

  // ---- tables sort by the numbers behind their cells
  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    if (table.tBodies[0].rows.length < 2) return;
    heads.forEach((head, column) => {
      const button = element("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending", sign = down ? -1 : 1;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
        const rows = [...table.tBodies[0].rows].sort((a, b) => {
          const [left, right] = [key(a), key(b)], numbers = [left, right].map((text) => (text === "" ? NaN : Number(text)));
          if (numbers.some(Number.isNaN)) return numbers.every(Number.isNaN) ? sign * left.localeCompare(right) : Number.isNaN(numbers[0]) ? 1 : -1;
          return sign * (numbers[0] - numbers[1]);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("table.sort").forEach(sortable);
  document.querySelectorAll("details.data").forEach((details) => details.addEventListener("toggle", () => details.open && dataTable(details)));
  document.querySelectorAll("button[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code"), range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try { await navigator.clipboard.writeText(code.textContent); button.textContent = words.copied; } catch { document.execCommand("copy"); }
  }));
  // a link to a test opens it
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.querySelector(":scope > details");
    if (details) details.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  const themes = ["auto", "light", "dark"], button = document.getElementById("theme");
  const setTheme = (theme) => {
    root.dataset.theme = theme;
    button.textContent = words[theme];
    try { localStorage.setItem("slabench-theme", theme); } catch { /* a page from a file may have no storage */ }
    redraw();
  };
  let stored = "auto";
  try { stored = localStorage.getItem("slabench-theme") || "auto"; } catch { /* as above */ }
  button.addEventListener("click", () => setTheme(themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length]));
  setTheme(themes.includes(stored) ? stored : "auto");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    seen.unobserve(entry.target);
    draw(entry.target);
  }), {rootMargin: "300px"});
  const figures = [...document.querySelectorAll("figure.chart")];
  figures.forEach((figure) => seen.observe(figure));
  addEventListener("beforeprint", () => {
    document.querySelectorAll("article.test > details").forEach((details) => { details.open = true; });
    figures.forEach(draw);
    redraw();
  });
  addEventListener("afterprint", redraw);
  // what a test asks: every chart drawn, by its id
  globalThis.slabenchCharts = () => Object.fromEntries(figures.map((figure) => [figure.id.replace(/^chart-/, ""), draw(figure).chart]));
  root.dataset.ready = String(Math.round(performance.now()));
})();
