/* SPDX-License-Identifier: OLDAP-2.8 */
/* accessible.js - what WCAG 2.2 AA asks of a page and a program can see
 *
 * The body of a function that browser.py runs in the page: answers a list of
 * what is wrong.
 */
const wrong = [];

function where(element)
{
	const id = element.id ? "#" + element.id : "";
	const text = (element.textContent || element.value || "").trim();

	return element.localName + id + " \"" + text.slice(0, 40).replace(/\s+/g, " ") + "\"";
}

function complain(element, words)
{
	wrong.push(words + ": " + where(element));
}

function visible(element)
{
	if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }))
		return false;
	const box = element.getBoundingClientRect();

	return box.width > 1 && box.height > 1 && !element.closest(".hidden");
}

/* ---------------------------------------------------------------- colours */

function parse(colour)
{
	const n = colour.match(/[\d.]+/g).map(Number);

	return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1];
}

function over(top, bottom)
{
	return [0, 1, 2].map((i) => top[i] * top[3] + bottom[i] * (1 - top[3])).concat(1);
}

function ground(element)
{
	const layers = [];

	for (let one = element; one; one = one.parentElement) {
		const colour = parse(getComputedStyle(one).backgroundColor);

		if (colour[3] > 0)
			layers.push(colour);
		if (colour[3] === 1)
			break;
	}
	return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
}

function luminance(colour)
{
	const part = colour.slice(0, 3).map((c) => {
		const s = c / 255;

		return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
	});

	return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}

function contrast(one, other)
{
	const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);

	return (light + 0.05) / (dark + 0.05);
}

function text_contrast()
{
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set();

	while (walk.nextNode()) {
		const element = walk.currentNode.parentElement;

		if (!walk.currentNode.data.trim() || seen.has(element) || !visible(element) ||
		    element.closest("[disabled], [aria-disabled=true]"))
			continue;
		seen.add(element);
		const style = getComputedStyle(element);
		const size = parseFloat(style.fontSize);
		const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
		const below = ground(element);
		const svg = element.ownerSVGElement;
		const got = contrast(over(parse(svg ? style.fill : style.color), below), below);

		if (got < (large ? 3 : 4.5))
			complain(element, "contrast " + got.toFixed(2));
	}
	for (const field of document.querySelectorAll("input, select, textarea")) {
		if (!visible(field) || ["checkbox", "radio", "file", "hidden"].includes(field.type))
			continue;
		const edge = parse(getComputedStyle(field).borderTopColor);
		const got = contrast(edge, ground(field.parentElement));

		if (got < 3)
			complain(field, "edge of a field, contrast " + got.toFixed(2));
	}
}

/* --------------------------------------------------------------- structure */

function structure()
{
	let level = 0;

	if (!document.documentElement.lang)
		wrong.push("the page has no language");
	if (!document.title.trim())
		wrong.push("the page has no title");
	if (document.querySelectorAll("h1").length !== 1)
		wrong.push("not one h1");
	if (document.querySelectorAll("main").length !== 1)
		wrong.push("not one main");
	for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
		const now = Number(heading.localName[1]);

		if (!heading.textContent.trim())
			complain(heading, "an empty heading");
		if (now > level + 1)
			complain(heading, "a heading's level is left out");
		level = now;
	}
	const first = document.querySelector("a, button, input");

	if (!first.matches(".skip") || !document.querySelector(first.getAttribute("href")))
		wrong.push("the first thing to come to does not skip to the content");
	const names = [...document.querySelectorAll("nav")].filter(visible)
		.map((nav) => nav.getAttribute("aria-label"));

	if (names.includes(null) || new Set(names).size !== names.length)
		wrong.push("navigations that cannot be told apart: " + names);
	for (const section of document.querySelectorAll("section"))
		if (!section.getAttribute("aria-labelledby"))
			complain(section, "a section without a name");
}

function references()
{
	const ids = new Set();

	for (const element of document.querySelectorAll("[id]")) {
		if (ids.has(element.id))
			complain(element, "an id twice");
		ids.add(element.id);
	}
	for (const name of ["aria-describedby", "aria-labelledby", "aria-controls"])
		for (const element of document.querySelectorAll("[" + name + "]"))
			for (const id of element.getAttribute(name).split(/\s+/))
				if (!ids.has(id))
					complain(element, name + " points nowhere");
	for (const link of document.querySelectorAll("a[href^='#']"))
		if (!ids.has(link.getAttribute("href").slice(1)))
			complain(link, "leads nowhere");
	for (const field of document.querySelectorAll("[aria-invalid]"))
		if (!field.getAttribute("aria-describedby"))
			complain(field, "wrong, and nothing says why");
}

function tables()
{
	for (const table of document.querySelectorAll("table")) {
		if (!table.caption || !table.caption.textContent.trim())
			complain(table, "a table without a caption");
		for (const th of table.querySelectorAll("th"))
			if (!th.scope)
				complain(th, "th without scope");
		for (const row of table.tBodies[0].rows)
			if (!row.querySelector("th"))
				complain(row, "a row without a name");
	}
	for (const picture of document.querySelectorAll("svg"))
		if (!picture.closest("[aria-hidden=true]") &&
		    !(picture.getAttribute("role") === "img" && picture.getAttribute("aria-label")))
			complain(picture, "a picture without words");
}

/* -------------------------------------------------------------------- size */

/* 24 by 24, but for a link within a text: its line gives its height. */
function targets()
{
	for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
		if (!visible(element) || element.type === "hidden" || element.matches(".skip"))
			continue;
		let box = element.getBoundingClientRect();

		if (getComputedStyle(element).display === "inline")
			continue;
		if (element.labels?.length > 0 && ["checkbox", "radio"].includes(element.type))
			box = [...element.labels].map((label) => label.getBoundingClientRect())
				.reduce((a, b) => a.width * a.height > b.width * b.height ? a : b);
		if (box.width < 24 || box.height < 24)
			complain(element, "a target of " + Math.round(box.width) + " by " +
				Math.round(box.height));
	}
}

function overflow()
{
	const width = document.documentElement.clientWidth;

	if (document.documentElement.scrollWidth > width)
		for (const element of document.body.querySelectorAll("*"))
			if (element.getBoundingClientRect().right > width + 1 && visible(element)) {
				complain(element, "wider than the window of " + width);
				break;
			}
	/* words that are cut off, or run over their neighbours */
	for (const element of document.body.querySelectorAll("th, td, p, dd, dt, li, h1, h2, button, label, summary, a")) {
		if (!visible(element) || element.closest(".scroll, .who, .skip, caption, svg"))
			continue;
		if (element.scrollWidth > element.clientWidth + 2 &&
		    getComputedStyle(element).display !== "inline")
			complain(element, "its words do not fit");
	}
}

structure();
references();
tables();
text_contrast();
targets();
overflow();
return wrong;
