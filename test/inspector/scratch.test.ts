import { writeFileSync } from 'node:fs';
import { startLatchkey } from '../support/latchkey.ts';
import { signIn, linkProvider, Visitor } from '../support/visitor.ts';
test('scratch', async () => {
  const l = await startLatchkey();
  const v = new Visitor();
  await signIn(v, l.baseUrl, 'Twitch');
  await linkProvider(v, l.baseUrl, 'Mixin');
  l.sandbox.state.faults.set('mixer', 'token_wrong_secret');
  await linkProvider(v, l.baseUrl, 'Mixer');
  console.log(v.page.text);
  await v.open(`${l.baseUrl}/inspector`);
  console.log(v.page.text);
  const ids = v.page
    .$('table a')
    .toArray()
    .map((a) => v.page.$(a).attr('href')!);
  for (const id of ids) {
    await v.open(`${l.baseUrl}${id}`);
    console.log(v.page.status, v.page.text.slice(0, 600));
    await v.open(`${l.baseUrl}${id}.json`);
    writeFileSync(`/tmp/f-shots/${id.split('/').pop()}.json`, v.page.html);
  }
  await v.open(`${l.baseUrl}/inspector/compare?a=${ids[0]!.split('/').pop()}&b=${ids[1]!.split('/').pop()}`);
  console.log(v.page.status, v.page.text.slice(0, 1500));
  console.log(l.logLines.filter((x) => /warn|"level":[45]/.test(x)));
  await l.close();
});
