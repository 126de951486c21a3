/* roster.js - small comforts of the pages; without it everything still works
 *
 * A page says what it wants by attributes, this module brings it to life:
 *
 *	data-copy		a text with a button that copies it
 *	data-file		a text field that a file can be put into
 *	data-choose		a form whose rows are chosen by boxes
 *	data-live		news of the journal, at the address it holds
 *	data-strength	how hard a password is to guess, asked there
 *	input[type=password]	can be looked at
 *
 * What it says stands in the page, in the page's language: #words.
 */
const words = document.getElementById("words")?.dataset ?? {};
const csrf = words.csrf ?? "";

function element(name, values, ...children)
{
	const made = Object.assign(document.createElement(name), values);

	made.append(...children);
	return made;
}

function button(text, act)
{
	const made = element("button", { type: "button", textContent: text,
					 className: "quiet small" });

	made.addEventListener("click", act);
	return made;
}

function copying(text)
{
	const said = element("span", { className: "fine", role: "status" });
	const copy = button(words.copy, async () => {
		await navigator.clipboard.writeText(text.textContent);
		said.textContent = words.copied;
	});

	text.after(element("span", { className: "row tight" }, copy, said));
}

function revealing(field)
{
	const reveal = button(words.show, () => {
		const hidden = field.type === "password";

		field.type = hidden ? "text" : "password";
		reveal.textContent = hidden ? words.hide : words.show;
		reveal.setAttribute("aria-pressed", String(hidden));
		field.focus();
	});
	const around = element("span", { className: "reveal" });

	reveal.setAttribute("aria-pressed", "false");
	reveal.setAttribute("aria-controls", field.id);
	field.before(around);
	around.append(field, reveal);
	/* a password that is shown is not kept by the browser as a text */
	field.form?.addEventListener("submit", () => { field.type = "password"; });
}

function filling(field)
{
	const file = element("input", { type: "file",
					accept: field.dataset.file, id: field.id + "-file" });
	const label = element("label", { htmlFor: file.id, textContent: words.file });

	file.addEventListener("change", async () => {
		if (file.files.length === 1)
			field.value = await file.files[0].text();
	});
	field.after(element("div", { className: "field" }, label, file));
}

function choosing(form)
{
	const boxes = [...form.querySelectorAll("td.tick input")];
	const head = form.querySelector("th.tick");
	const all = element("input", { type: "checkbox" });
	const said = form.querySelector("[data-chosen]");

	function tell()
	{
		const n = boxes.filter((box) => box.checked).length;

		all.checked = n === boxes.length;
		all.indeterminate = n > 0 && n < boxes.length;
		said.hidden = n === 0;
		said.textContent = words.chosen.replace("%d", n);
	}

	all.setAttribute("aria-label", words.all);
	head.append(element("label", {}, all));
	all.addEventListener("change", () => {
		for (const box of boxes)
			box.checked = all.checked;
		tell();
	});
	form.addEventListener("change", tell);
	tell();
}

/* The server renders the rows, so that they are what a reload would show. */
function following(place)
{
	const list = () => document.querySelector("[data-list] tbody");
	const stop = element("input", { type: "checkbox", id: "live", checked: true });
	const source = new EventSource(place.dataset.live);
	let due = false, busy = false;

	async function renew()
	{
		const seen = new Set([...(list()?.rows ?? [])].map((row) => row.dataset.record));
		const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const fresh = page.querySelector("[data-list] tbody");

		if (!answer.ok || fresh === null)
			return;
		for (const row of fresh.rows)
			if (!seen.has(row.dataset.record))
				row.classList.add("fresh");
		if (list() === null)
			location.reload();
		else
			list().replaceWith(fresh);
	}

	async function news()
	{
		due = true;
		if (busy || !stop.checked)
			return;
		busy = true;
		while (due && stop.checked) {
			due = false;
			await renew().catch(() => {});
			await new Promise((done) => setTimeout(done, 1000));
		}
		busy = false;
	}

	source.onmessage = news;
	source.addEventListener("record", news);
	stop.addEventListener("change", () => { if (due) news(); });
	source.onopen = () => { place.hidden = false; };
	place.append(stop, " ", element("label", { htmlFor: "live", textContent: words.live }));
	addEventListener("pagehide", () => source.close());
}

function judging(field)
{
	const meter = element("meter", { min: 0, max: 4, low: 2, high: 3, optimum: 4, value: 0 });
	const said = element("span", { className: "fine", role: "status" });
	let timer;

	async function ask()
	{
		const asked = field.value;
		const answer = await fetch(field.dataset.strength, {
			method: "POST",
			headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
			body: JSON.stringify({ password: asked }),
		});

		if (!answer.ok || field.value !== asked)
			return;
		const told = await answer.json();

		meter.value = told.score;
		said.textContent = told.good ? words["grade" + told.score] : told.detail;
	}

	meter.setAttribute("aria-label", words.strength);
	(field.closest(".reveal") ?? field).after(
		element("p", { className: "meter", hidden: true }, meter, said));
	field.addEventListener("input", () => {
		const line = meter.parentElement;

		clearTimeout(timer);
		line.hidden = field.value === "";
		if (!line.hidden)
			timer = setTimeout(() => ask().catch(() => {}), 250);
	});
}

const kinds = [
	["[data-copy]", copying], ["input[type=password]", revealing], ["[data-file]", filling],
	["[data-choose]", choosing], ["[data-live]", following], ["[data-strength]", judging],
];

for (const [selector, begin] of kinds)
	for (const one of document.querySelectorAll("main " + selector))
		begin(one);
document.querySelector(".error-summary")?.focus();
