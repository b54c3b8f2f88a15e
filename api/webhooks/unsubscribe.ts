import { Router } from 'express';
import type { Response } from 'express';
import type { Language } from '../../domain/codes.ts';
import { attemptOfToken } from '../../store/unsubscribe-token.ts';
import { onlyMethods } from '../errors.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { unsubscribe } from '../inbound/provider-opt-out.ts';

const words: Readonly<Record<Language, { title: string; ask: string; button: string; done: string; unknown: string }>> = {
  en: {
    title: 'Messages from us',
    ask: 'Do you want no more e-mail from us at this address?',
    button: 'Stop e-mail',
    done: 'Done. You will get no more e-mail from us at this address.',
    unknown: 'This link is not complete. Open it from the e-mail again.',
  },
  zh: { title: '我们的邮件', ask: '您不想再在此邮箱收到我们的邮件吗？', button: '停止发送', done: '已停止。我们不会再向此邮箱发送邮件。', unknown: '链接不完整，请从邮件中重新打开。' },
};

/**
 * The unsubscribe link of mails. Opening it changes nothing, because mail scanners open links; the button, or a mail
 * program's own one click (RFC 8058), is a POST and needs no sign-in. The page names no patient, no hospital, no matter.
 */
export function createUnsubscribe(deps: InboundDeps): Router {
  const router = Router();
  router.get('/:token', (request, response) => {
    const language = languageFor(request.acceptsLanguages('en', 'zh'));
    const isOurs = attemptOfToken(deps.settings.unsubscribeKey, request.params.token) !== null;
    const { ask, button, unknown } = words[language];
    send(response, isOurs ? 200 : 404, language, isOurs ? `<p>${ask}</p><form method="post"><button>${button}</button></form>` : `<p>${unknown}</p>`);
  });
  router.post('/:token', async (request, response) => {
    const language = languageFor(request.acceptsLanguages('en', 'zh'));
    const attemptId = attemptOfToken(deps.settings.unsubscribeKey, request.params.token);
    const isDone = attemptId !== null && (await unsubscribe(deps, attemptId));
    send(response, isDone ? 200 : 404, language, `<p>${isDone ? words[language].done : words[language].unknown}</p>`);
  });
  router.all('/:token', onlyMethods(['GET', 'POST']));
  return router;
}

function languageFor(accepted: string | false): Language {
  return accepted === 'zh' ? 'zh' : 'en';
}

function send(response: Response, status: number, language: Language, body: string): void {
  const { title } = words[language];
  response.status(status).set('Cache-Control', 'no-store').set('Referrer-Policy', 'no-referrer').type('html').send(`<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${title}</title><main>${body}</main></html>`);
}
