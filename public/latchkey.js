// Small conveniences, of the sandbox's pages too. Every page does its work without this file.

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

// What is there to be pasted elsewhere gets a button, and what came of it is told to those who do not see it.
const said = document.createElement('p');
said.role = 'status';
said.className = 'vh';

function addCopyButton(source) {
  const what = source.dataset.copy;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn copy';
  button.textContent = 'Copy';
  button.ariaLabel = `Copy the ${what}`;
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(source.value ?? source.textContent).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? 'Copied' : 'Copying is not allowed here';
    said.textContent = copied ? `Copied the ${what}.` : 'Copying is not allowed here.';
    setTimeout(() => {
      button.textContent = 'Copy';
      said.textContent = '';
    }, 2000);
  });
  source.after(button);
}

const toCopy = navigator.clipboard ? document.querySelectorAll('[data-copy]') : [];
if (toCopy.length > 0) document.querySelector('main').append(said);
toCopy.forEach(addCopyButton);

// The waiting page of the sandbox's Mixin asks every two seconds whether the phone has answered, and goes on by itself.
const waiting = document.querySelector('[data-status]');
const everyMilliseconds = 2000;
const untilMilliseconds = Date.now() + 10 * 60 * 1000;

function showSeen() {
  const line = waiting.querySelector('[role=status]');
  if (line.textContent !== line.dataset.words) line.textContent = line.dataset.words;
}

async function ask() {
  if (Date.now() > untilMilliseconds) return;
  if (!document.hidden) {
    const answer = await fetch(waiting.dataset.status).catch(() => null);
    const status = answer?.ok ? (await answer.json()).status : 'waiting';
    if (status === 'seen') showSeen();
    else if (status !== 'waiting') {
      location.replace(waiting.dataset.page);
      return;
    }
  }
  setTimeout(ask, everyMilliseconds);
}

if (waiting) setTimeout(ask, everyMilliseconds);
