import { openContext } from '../../support/browser.ts';
import { describeInBrowser, useBrowser, useLatchkey } from '../../support/in-browser.ts';
import { findState, openState } from '../page-states.ts';

const browser = useBrowser();
const latchkey = useLatchkey({ sandboxHost: '127.0.0.1' });

/** What a screen reader is told of a part of a page, without what differs each time. */
async function hear(name: string, part: string): Promise<string> {
  await latchkey().database.deleteFrom('accounts').execute();
  const context = await openContext(browser());
  const page = await openState(context, latchkey(), findState(name));
  const heard = await page.locator(part).ariaSnapshot();
  await context.close();
  return heard
    .replaceAll(/http:\/\/[\w.:/-]+[\w-]/g, '(address)')
    .replaceAll(/\/mixin\.one\/codes\/[0-9a-f-]+/g, '(path)')
    .replaceAll(/\d+ \w+ \d{4} at \d\d:\d\d UTC/g, '(date)')
    .replaceAll(/\d\d:\d\d UTC/g, '(time)');
}

describeInBrowser('a screen reader is told', () => {
  test('what the picture of the QR code is for, how long there is, and each way to go on', async () => {
    expect(await hear('sandbox-mixin-qr', 'main')).toBe(
      `
- main:
  - heading "Approve in Mixin" [level=1]
  - paragraph:
    - text: Scan this with a phone, or open it on this device.
    - strong: Latchkey
    - text: asks.
  - img "QR code that opens this approval page"
  - paragraph:
    - status: Waiting for approval.
    - text: Ends at
    - time: (time)
    - text: .
  - paragraph:
    - link "Open on this device":
      - /url: (path)?here=1
  - button "I have approved it, check now"
  - paragraph:
    - text: The address in the code
    - link "(address)":
      - /url: (address)
  - button "Cancel"
  - group: Authorization request we received
`.trim(),
    );
  });

  test('what is wrong with an answer, first of all and at the question; and how long the question stays open', async () => {
    expect(await hear('conflict-nothing-chosen', 'main')).toBe(
      `
- main:
  - alert:
    - heading "There is a problem" [level=2]
    - paragraph:
      - link "Choose what to do with ZoeOddName.":
        - /url: "#choice-1"
  - heading "This Mixer account is linked to another account here" [level=1]
  - paragraph: ZoeOddName is already used by another account here. Nothing has been changed. You have 10 minutes to choose.
  - group "What you can do":
    - text: What you can do
    - paragraph: "Error: Choose what to do with ZoeOddName."
    - radio "Keep things as they are"
    - text: Keep things as they are Nothing is changed.
    - radio "Sign in to that other account instead"
    - text: Sign in to that other account instead You are signed out of this one.
    - radio "Move ZoeOddName to this account"
    - text: Move ZoeOddName to this account The other account keeps its other ways in. We ask once more first.
    - radio "Join both accounts into this one"
    - text: Join both accounts into this one Everything linked there comes here. This cannot be undone. We ask once more first.
  - button "Continue"
  - button "Choose another Mixer account"
`.trim(),
    );
  });

  test('of each arrow of the diagram which step it is, from where to where', async () => {
    expect(await hear('inspector-refused', 'figure')).toBe(
      `
- 'figure "Same steps as the list below. Solid: request. Dashed: answer."':
  - region "Diagram, scrolls sideways":
    - group "Mixer sign-in, (date), step by step":
      - text: Browser Latchkey Mixer
      - link "1 POST /login/mixer 200, page to Mixer. Step 1, from Browser to Latchkey":
        - /url: "#step-1"
        - text: 1 POST /login/mixer 200, page to Mixer
      - link "2 GET /oauth/authorize redirect back to us. Step 2, from Browser to Mixer":
        - /url: "#step-2"
        - text: 2 GET /oauth/authorize redirect back to us
      - link "3 GET /login/mixer/callback. Step 3, refused, from Browser to Latchkey":
        - /url: "#step-3"
        - text: 3 GET /login/mixer/callback
      - link "4 200, a page. Step 4, from Latchkey to Browser":
        - /url: "#step-4"
        - text: 4 200, a page
  - text: "Same steps as the list below. Solid: request. Dashed: answer."
`.trim(),
    );
  });
});
