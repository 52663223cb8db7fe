// Small conveniences. Every page does its work without this file.

// What just happened comes first: put the reader there.
document.querySelector('[data-flash]')?.focus();

// A picture that does not load gives way to the initial.
function showInitial(image) {
  const tile = document.createElement('span');
  tile.className = 'face';
  tile.ariaHidden = 'true';
  tile.textContent = image.dataset.initial;
  image.replaceWith(tile);
}

for (const image of document.querySelectorAll('img[data-initial]')) {
  if (image.complete && image.naturalWidth === 0) showInitial(image);
  else image.addEventListener('error', () => showInitial(image), { once: true });
}

// Times of the last and the next 24 hours, told again on the reader's clock.
for (const relative of document.querySelectorAll('time + [data-relative]')) {
  const when = new Date(relative.previousElementSibling.dateTime);
  if (!(Math.abs(Date.now() - when) < 86_400_000) || when.getTimezoneOffset() === 0) continue;
  const local = when.toLocaleTimeString('en-GB', { timeStyle: 'short' });
  relative.textContent = relative.textContent.replace(/\)$/, `; ${local} your time)`);
}

// A pressed button says that it works. It is never disabled: the form may have to be sent again.
const pressed = new Map();

function settle() {
  for (const [label, words] of pressed) {
    label.textContent = words;
    label.closest('button').ariaBusy = null;
  }
  pressed.clear();
}

document.addEventListener('submit', (event) => {
  const label = event.submitter?.querySelector('[data-label]');
  if (!label || pressed.has(label)) return;
  pressed.set(label, label.textContent);
  label.textContent = 'Working…';
  event.submitter.ariaBusy = 'true';
  setTimeout(settle, 15_000);
});

window.addEventListener('pageshow', settle);

// Texts to take along get a button that copies them. Without this file they can be selected.
for (const text of document.querySelectorAll('[data-copy]')) {
  const copy = document.createElement('button');
  const said = document.createElement('span');
  copy.type = 'button';
  copy.className = 'btn';
  copy.textContent = 'Copy';
  copy.setAttribute('aria-label', `Copy: ${text.labels[0]?.textContent ?? 'the text'}`);
  said.role = 'status';
  said.className = 'small';
  copy.addEventListener('click', async () => {
    text.select();
    const copied = await navigator.clipboard?.writeText(text.value).then(
      () => true,
      () => false,
    );
    said.textContent = copied ? ' Copied.' : ' Selected: copy it with your keyboard.';
  });
  text.after(copy, said);
}
