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

// What is there to be pasted elsewhere gets a button.
for (const source of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn copy';
  button.textContent = 'Copy';
  button.ariaLabel = `Copy the ${source.dataset.copy}`;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  });
  source.after(button);
}
