// Runs in the page that is tested, after axe.

globalThis.inPage = { openFolds, findViolations, findSmallTargets, findCutOff, sidewaysScroll };

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What is folded away is tested as well. */
function openFolds() {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
}

/** The rules that look at colours; all others see the same page in light and in dark. */
const colourRules = ['color-contrast', 'link-in-text-block'];

/** What axe has to say: the rule and the place, one line each. */
async function findViolations({ coloursAlone = false } = {}) {
  const rules = { 'target-size': { enabled: true } };
  const wanted = coloursAlone ? { runOnly: colourRules } : { runOnly: tags, rules };
  const { violations } = await axe.run({ ...wanted, resultTypes: ['violations'] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}

/** Links and controls that are hard to hit: under 24 by 24 pixels. A link within a sentence may be. */
function findSmallTargets() {
  return [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
    .filter((target) => target.checkVisibility() && !target.closest('.skip, [inert]'))
    .filter((target) => {
      const { width, height } = target.getBoundingClientRect();
      return (width < 24 || height < 24) && !isWithinSentence(target);
    })
    .map((target) => target.outerHTML.slice(0, 200));
}

function isWithinSentence(target) {
  const words = target.closest('p, li, dd, span')?.textContent.trim() ?? '';
  return getComputedStyle(target).display === 'inline' && words.length > target.textContent.trim().length;
}

/** What sticks out of a box that shows nothing outside of it, or out of the window. */
function findCutOff() {
  return [...document.querySelectorAll('body *:not(.skip, .vh, svg *)')]
    .filter((element) => element.checkVisibility() && !element.closest('.scroll'))
    .filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      const limits = findBox(element).getBoundingClientRect();
      return width > 0 && (left < limits.left - 1 || right > limits.right + 1);
    })
    .map((element) => element.outerHTML.slice(0, 200));
}

/** The nearest box around it that cuts off. */
function findBox(element) {
  const box = element.parentElement;
  if (box === document.body) return box;
  return getComputedStyle(box).overflowX === 'visible' ? findBox(box) : box;
}

/** How far the page can be scrolled sideways. */
function sidewaysScroll() {
  return document.documentElement.scrollWidth - document.documentElement.clientWidth;
}
