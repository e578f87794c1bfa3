import { test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { startServer } from '../../support/server.ts';
import { readSession } from '../../support/panel-session.ts';
test('x', async () => {
const server=await startServer();
const browser=await launchBrowser({devtools:true, flags:['--js-flags=--expose-gc']});
try {
  const panel=await browser.panel();
  browser.page.on('console',m=>console.log('console',m.text().slice(0,300)));
  browser.page.on('pageerror',m=>console.log('pageerror',m.message));
  for (const q of (process.env['Q']??'').split(',')) {
    await browser.page.goto(`${server.origin}/hostile/${q}`);
    try { await browser.page.waitForSelector('[data-state=done]',{timeout:8000}); } catch(e) { console.log('timeout'); }
    console.log(q, await browser.page.locator('#result').textContent());
    const s=await readSession(panel);
    const d=s.documents.at(-1)!;
    console.log(s.totals, s.coverage, [...d.contexts.values()].map(c=>[c.id,c.kind,c.nodes.map((n:any)=>`${n.processorName}:${n.calls.length}`).join(' ')]));
    console.log('status', await panel.evaluate(`document.querySelector('footer.status').innerText`));
    console.log('notices', await panel.evaluate(`[...document.querySelectorAll('[role=alert], .notice')].map((each) => each.innerText)`));
  }
} finally { await browser.close(); await server.close(); }
}, 60000);
