/* The Mixin waiting page: asks every two seconds whether the phone has answered, and goes on by itself. */
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

// What just happened, or what is wrong, comes first: put the reader there.
document.querySelector('[data-flash]')?.focus();

// A button that copies is only there where it works.
function addCopyButton(text) {
  const button = document.createElement('button');
  button.className = 'btn';
  button.type = 'button';
  button.textContent = 'Copy';
  button.ariaLabel = `Copy the ${text.dataset.copy}`;
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text.textContent).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? 'Copied' : 'Copying is not allowed here';
    button.ariaLabel = null;
  });
  text.after(button);
}

if (navigator.clipboard) document.querySelectorAll('pre[data-copy]').forEach(addCopyButton);
