// The little that lives in the page: the state that comes by itself, the countdown, and what was typed but not sent.
"use strict";

// ---- the live state -----------------------------------------------------------------------------------
const live = document.querySelector("[data-live]");
if (live) {
  const gone = document.getElementById("live-gone");
  const source = new EventSource(live.dataset.live);
  source.addEventListener("status", (event) => {
    gone.hidden = true;
    // The server escapes every value of it; a screen reader is not told each second.
    live.innerHTML = event.data;
  });
  source.addEventListener("gone", () => { gone.hidden = false; });
  source.addEventListener("error", () => { gone.hidden = false; });
}

// ---- what was typed and not sent asks before it is left --------------------------------------------------
for (const form of document.querySelectorAll("form[data-guard]")) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}

// ---- what a key takes away asks first -------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-sure]");
  if (key && !confirm(key.dataset.sure)) event.preventDefault();
});

// ---- a form that is pressed twice goes once ---------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[data-upload]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  // What answers with a file leaves the page as it is, and may be wanted again.
  setTimeout(() => { delete form.dataset.sent; }, 3000);
});

// ---- audio is sent in pieces, and goes on where a line broke ---------------------------------------------
for (const form of document.querySelectorAll("form[data-upload]")) {
  const field = form.querySelector("input[type=file]");
  const list = form.querySelector(".uploads");
  const PIECE = 1 << 20;
  const token = document.body.dataset.token;
  const ask = async (address, body) => {
    const answer = await fetch(address, { method: "POST", body, headers: { "x-token": token } });
    if (answer.status === 422) throw { no: (await answer.json()).no };
    // A piece that does not follow is answered with where to go on.
    if (answer.status === 409) return answer.json();
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };
  const send = async (file) => {
    const line = document.createElement("li");
    const bar = document.createElement("progress");
    const said = document.createElement("span");
    bar.max = file.size;
    bar.setAttribute("aria-label", file.name);
    line.append(file.name, " ", bar, said);
    list.append(line);
    const facts = () => new URLSearchParams({
      name: file.name, size: file.size, changed: file.lastModified, month: form.dataset.upload,
    });
    for (let tries = 0; ; tries += 1) {
      try {
        let { id, offset } = await ask("/upload", facts());
        // Read aloud with every tenth, not with every piece; the bar moves with each.
        const tell = () => {
          bar.value = offset;
          const sent = form.dataset.sending.replace("#", Math.floor(offset * 10 / file.size) * 10);
          if (said.textContent !== sent) said.textContent = sent;
        };
        tell();
        while (offset < file.size) {
          const piece = file.slice(offset, offset + PIECE);
          ({ offset } = await ask(`/upload/${id}?offset=${offset}`, piece));
          tell();
          tries = 0;
        }
        bar.removeAttribute("value");
        said.textContent = form.dataset.measuring;
        await ask(`/upload/${id}/finish`, facts());
        bar.value = file.size;
        said.textContent = form.dataset.done;
        return true;
      } catch (error) {
        said.textContent = error.no || form.dataset.again;
        if (error.no || tries >= 9) return false;
        await new Promise((wake) => setTimeout(wake, 1000 * (tries + 1)));
      }
    }
  };
  const sendAll = async (files) => {
    form.dataset.busy = "yes";
    let whole = true;
    for (const file of files) whole = await send(file) && whole;
    delete form.dataset.busy;
    if (whole) location.reload();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); sendAll([...field.files]); });
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    sendAll([...event.dataTransfer.files]);
  });
}

// ---- segments are put in order by dragging; the keys of each do the same ---------------------------------
for (const list of document.querySelectorAll("[data-reorder]")) {
  const items = [...list.children];
  for (const item of items) {
    const form = item.querySelector("form");
    if (!form || items.length < 2) continue;
    const grip = document.createElement("span");
    grip.className = "grip";
    grip.textContent = "⠿";
    grip.title = list.dataset.reorder;
    grip.setAttribute("aria-hidden", "true");
    form.prepend(grip);
    let into = null;
    const show = (other) => {
      for (const each of items) each.classList.toggle("into", each === other);
      item.classList.toggle("moving", Boolean(other));
      into = other;
    };
    grip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
    });
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const at = document.elementFromPoint(event.clientX, event.clientY);
      show(items.find((other) => other !== item && other.contains(at)) || null);
    });
    grip.addEventListener("pointercancel", () => show(null));
    grip.addEventListener("pointerup", () => {
      if (!into) return;
      const key = document.createElement("button");
      const to = document.createElement("input");
      Object.assign(key, { name: "op", value: "segment-move", hidden: true, formNoValidate: true });
      Object.assign(to, { name: "to", value: items.indexOf(into), type: "hidden" });
      form.append(key, to);
      show(null);
      form.requestSubmit(key);
    });
  }
}
