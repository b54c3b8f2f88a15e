import { clausesOf, normaliseMessage } from './normalise.ts';

export interface SafetyFinding {
  phrase: string;
  certainty: 'stated' | 'doubtful';
}

/**
 * Phrases of danger, as people write them (apostrophes fold away: "can't" is "cant"). Chosen to miss little and to be wrong
 * often: a false alarm costs a call, a missed one a life. Needs local clinical approval. Sources of the groups: the warning
 * signs on the discharge leaflets of the NHS ("When to call 999") and the crisis wording of the 988 line and 12356 in China.
 */
const english = [
  'chest pain', 'chest pains', 'chestpain', 'pain in my chest', 'pains in my chest', 'pain in the chest', 'chest hurts', 'chest is hurting', 'chest tightness', 'tight chest', 'chest is tight', 'heart attack', 'having a stroke', 'face is drooping', 'slurred speech',
  'cant breathe', 'cannot breathe', 'can not breathe', 'cant breath', 'cannot breath', 'unable to breathe', 'struggling to breathe', 'hard to breathe', 'trouble breathing', 'difficulty breathing', 'short of breath', 'shortness of breath', 'choking',
  'bleeding heavily', 'heavy bleeding', 'heavily bleeding', 'bleeding a lot', 'bleeding badly', 'severe bleeding', 'wont stop bleeding', 'bleeding wont stop', 'bleeding will not stop', 'cant stop the bleeding', 'cannot stop the bleeding', 'blood everywhere', 'coughing blood', 'coughing up blood', 'vomiting blood', 'throwing up blood',
  'passed out', 'fainted', 'unconscious', 'collapsed', 'not responding', 'seizure', 'overdose', 'overdosed',
  'kill myself', 'killing myself', 'suicide', 'suicidal', 'end my life', 'ending my life', 'want to die', 'wanna die', 'wish i was dead', 'better off dead', 'hurt myself', 'harm myself', 'self harm',
  'call an ambulance', 'call 911', 'call 120', 'call 999',
];

const chinese = [
  '胸痛', '胸口痛', '胸口疼', '胸疼', '胸闷', '胸悶', '心口痛', '心口疼', '心绞痛', '心梗', '心肌梗', '中风', '中風', '脑梗', '口角歪斜', '说话不清',
  '呼吸困难', '呼吸困難', '喘不上气', '喘不上氣', '喘不过气', '喘不過氣', '透不过气', '透不過氣', '无法呼吸', '無法呼吸', '不能呼吸', '呼吸不了', '没办法呼吸', '没法呼吸', '窒息',
  '大出血', '出血不止', '流血不止', '血流不止', '止不住血', '血止不住', '出很多血', '流很多血', '大量出血', '吐血', '咯血', '咳血', '呕血',
  '昏倒', '晕倒', '暈倒', '昏迷', '昏过去', '晕过去', '失去意识', '失去意識', '没有意识', '没意识', '抽搐', '服药过量',
  '自杀', '自殺', '轻生', '輕生', '不想活', '活不下去', '想死', '寻死', '结束生命', '結束生命', '自残', '自殘', '自伤', '伤害自己', '救命', '叫救护车', '叫救護車',
];

const wholeMessages = new Set(['help me', 'please help me', 'help me please', 'i need help', 'help help', 'emergency', 'its an emergency', 'this is an emergency', '911', '999', '120', '救我', '救救我'].map(normaliseMessage));

const negation = /(?:^| )(?:no|not|none|never|without|nor|neither|dont|doesnt|didnt|havent|hasnt|hadnt|isnt|arent|wasnt|aint|denies|deny)(?= |$)/gu;
/** How far a "no" reaches: "no sign of any chest pain". */
const negationReachWords = 6;
const chineseNegation = /没|沒|无|無|未|不是|并不|並不|不再|不会|不會|不觉得|不覺得|否认|否認|不要/u;
const supposition = /(?:^| )(?:if|in case|whether|when should|worried about|afraid of|scared of)(?: |$)/u;
const chineseSupposition = /如果|要是|万一|萬一|假如|是否|会不会|會不會|有没有|有沒有|害怕|担心|擔心/u;
const questionOpening = /^(?:is|are|was|does|do|did|should|shall|can|could|would|will|what|how|why|which|may|might)(?: |$)/u;
const chineseQuestion = /吗|嗎|是不是|正常不|怎么回事|怎麼回事|呢$/u;
const firstPerson = /(?:^| )(?:i|im|ive|id|my|me|he|she|hes|shes|having|got|feel|feeling)(?: |$)|我|他|她/u;

/**
 * The phrase of danger in a message, if any. `stated` when at least one clause states one; `doubtful` when each is negated,
 * supposed or asked about. Looks at every clause, because "no chest pain, but I can't breathe" states the second.
 */
export function findSafetyPhrase(text: string): SafetyFinding | null {
  const whole = normaliseMessage(text);
  if (wholeMessages.has(whole)) return { phrase: whole, certainty: 'stated' };
  const findings = clausesOf(text).flatMap(({ words, isAsked }) => findingsIn(words, isAsked));
  // A phrase that runs over a line break or a comma ("chest, pain") is seen in no clause; so the whole is looked at too.
  if (findings.length === 0) findings.push(...findingsIn(whole, /[?？]/.test(text)).map((finding): SafetyFinding => ({ ...finding, certainty: 'doubtful' })));
  return findings.find((finding) => finding.certainty === 'stated') ?? findings[0] ?? null;
}

function findingsIn(words: string, isAsked: boolean): SafetyFinding[] {
  const padded = ` ${words} `;
  // Spaces between Chinese characters mean nothing: "胸 痛" is "胸痛".
  const dense = words.replace(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, '');
  return [
    ...english.flatMap((phrase) => occurrence(padded, ` ${phrase} `, phrase, isAsked)),
    ...chinese.flatMap((phrase) => occurrence(dense, phrase, phrase, isAsked)),
  ];
}

function occurrence(words: string, needle: string, phrase: string, isAsked: boolean): SafetyFinding[] {
  const at = words.indexOf(needle);
  if (at < 0) return [];
  const before = words.slice(0, at).trim();
  const after = words.slice(at + needle.length).trim();
  return [{ phrase, certainty: isDoubtful(before, after, isAsked) ? 'doubtful' : 'stated' }];
}

function isDoubtful(before: string, after: string, isAsked: boolean): boolean {
  if (isNegated(before) || chineseNegation.test(before.slice(-10)) || supposition.test(before) || chineseSupposition.test(before)) return true;
  if (/^(?:has |have |is |are )?(?:gone|stopped|went away)(?: |$)/u.test(after) || /^(?:没有了|消失|好了|已经好|不见了)/u.test(after)) return true;
  const opensAsQuestion = questionOpening.test(before) || (before === '' && questionOpening.test(after));
  const asks = isAsked || opensAsQuestion || chineseQuestion.test(after);
  return asks && (opensAsQuestion || !firstPerson.test(before));
}

/** A "no" counts unless a new statement begins after it: "not well I have chest pain" states it, "I don't think I have" does not. */
function isNegated(before: string): boolean {
  const last = [...before.matchAll(negation)].at(-1);
  if (last === undefined) return false;
  const tail = before.slice(last.index + last[0].length).trim();
  if (/^(?:think|believe|sure|feel like|know if)(?: |$)/u.test(tail)) return true;
  return !/(?:^| )(?:i|im|ive|my|have got)(?: |$)/u.test(tail) && tail.split(' ').length <= negationReachWords;
}
