import { createHash } from 'node:crypto';
import type { Language } from '../domain/codes.ts';
import type { Session } from '../store/gate.ts';

/** Why the form is shown again. */
export type Fault = 'wrong' | 'missing' | 'too-many' | 'foreign' | 'unavailable';

export interface SignInView {
  language: Language;
  session: Session | null;
  /** What was typed as a login, to be corrected. */
  login: string;
  fault: Fault | null;
  /** Checked already. */
  returnTo: string | null;
  temporalUiOrigin: string | undefined;
}

interface Words {
  title: string;
  login: string;
  password: string;
  enter: string;
  leave: string;
  signedInAs: string;
  roles: string;
  until: string;
  goOn: string;
  workflows: string;
  sealed: string;
  error: string;
  faults: Readonly<Record<Fault, string>>;
}

const words: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Sign in', login: 'Login', password: 'Password', enter: 'Sign in', leave: 'Sign out', signedInAs: 'Signed in as', roles: 'Roles', until: 'Until', goOn: 'Go on to', workflows: 'Workflows (Temporal UI)',
    sealed: 'What workflows carry stays sealed there: reading it takes the role engineer.', error: 'Error',
    faults: {
      wrong: 'Login or password is wrong. Check both and try again.',
      missing: 'Write your login and your password.',
      'too-many': 'Too many failed sign-ins. Wait a quarter of an hour, or ask an administrator.',
      foreign: 'The form was not sent from this page. Write your login and password here.',
      unavailable: 'Signing in is not possible at the moment. Try again in a while.',
    },
  },
  zh: {
    title: '登录', login: '用户名', password: '密码', enter: '登录', leave: '退出登录', signedInAs: '当前用户', roles: '角色', until: '有效至', goOn: '前往', workflows: '工作流（Temporal 界面）',
    sealed: '工作流的内容在该界面中保持加密：只有工程师（engineer）角色可以查看。', error: '错误',
    faults: {
      wrong: '用户名或密码不正确，请检查后重试。',
      missing: '请填写用户名和密码。',
      'too-many': '登录失败次数过多。请十五分钟后再试，或联系管理员。',
      foreign: '该表单不是从本页面提交的。请在此处填写用户名和密码。',
      unavailable: '暂时无法登录，请稍后再试。',
    },
  },
};

const languageNames: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };

/** The whole page. Everything that was given from outside is escaped. */
export function signInMarkup(view: SignInView): string {
  const { title, error } = words[view.language];
  return `<!doctype html>
<html lang="${view.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,"><title>${view.fault === null ? '' : `${error}: `}${title} · Carethread</title><style>${style}</style></head><body>
<main>${view.session === null ? form(view) : signedIn(view, view.session)}</main>
<footer>${otherLanguages(view)}</footer>
</body></html>
`;
}

function form({ language, login, fault, returnTo }: SignInView): string {
  const { title, login: loginLabel, password, enter, faults } = words[language];
  const marks = fault === 'wrong' || fault === 'missing' ? ' aria-invalid="true" aria-describedby="fault"' : '';
  // Whoever mistyped goes on where most mistakes are made.
  const [atLogin, atPassword] = login === '' ? [' autofocus', ''] : ['', ' autofocus'];
  return `<h1>${title}</h1>
${fault === null ? '' : `<p id="fault" role="alert">${faults[fault]}</p>`}
<form method="post" action="enter">
<label for="login">${loginLabel}</label><input id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required value="${escape(login)}"${marks}${atLogin}>
<label for="password">${password}</label><input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${marks}${atPassword}>
${hidden(language, returnTo)}<button>${enter}</button>
</form>`;
}

function signedIn({ language, returnTo, temporalUiOrigin }: SignInView, { displayName, roles, expiresAt }: Session): string {
  const said = words[language];
  const places = [...(returnTo === null ? [] : [{ href: returnTo, name: returnTo }]), ...(temporalUiOrigin === undefined ? [] : [{ href: temporalUiOrigin, name: said.workflows }])];
  return `<h1>${said.signedInAs} ${escape(displayName)}</h1>
<dl><dt>${said.roles}</dt><dd>${escape(roles.join(', '))}</dd><dt>${said.until}</dt><dd><time datetime="${escape(expiresAt)}">${escape(expiresAt.slice(0, 16).replace('T', ' '))} UTC</time></dd></dl>
${places.map(({ href, name }) => `<p>${said.goOn} <a href="${escape(href)}">${escape(name)}</a></p>`).join('\n')}
${temporalUiOrigin === undefined || roles.includes('engineer') ? '' : `<p>${said.sealed}</p>`}
<form method="post" action="leave">${hidden(language, null)}<button>${said.leave}</button></form>`;
}

function hidden(language: Language, returnTo: string | null): string {
  return `<input type="hidden" name="language" value="${language}">${returnTo === null ? '' : `<input type="hidden" name="return" value="${escape(returnTo)}">`}`;
}

function otherLanguages({ language, returnTo }: SignInView): string {
  const others = Object.entries(languageNames).filter(([code]) => code !== language);
  return others.map(([code, name]) => `<a lang="${code}" hreflang="${code}" href="./?${escape(new URLSearchParams({ language: code, ...(returnTo === null ? {} : { return: returnTo }) }).toString())}">${name}</a>`).join(' ');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const style = 'body{font:18px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1c2733;background:#fff}h1{font-size:1.6rem;margin:0 0 1rem}label{display:block;margin-top:1rem}input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #5b6b7b;border-radius:6px}input[aria-invalid]{border:2px solid #a52828}button{font:inherit;margin-top:1.25rem;padding:.5rem 1.25rem;border:0;border-radius:6px;color:#fff;background:#1d6fa5;cursor:pointer}:focus-visible{outline:3px solid #a35c00;outline-offset:2px}[role=alert]{padding:.5rem .75rem;border-left:4px solid #a52828;background:#fbeaea}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dd{margin:0}footer{margin-top:2rem}a{color:#1d6fa5;overflow-wrap:anywhere}';

/** The one style that the page's content policy lets in. */
export const styleHash = `'sha256-${createHash('sha256').update(style, 'utf8').digest('base64')}'` as const;
