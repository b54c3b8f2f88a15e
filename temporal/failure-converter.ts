import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Moves error messages and stack traces into a payload, so that the codec encrypts them too.
 * The SDK `require()`s this file by path, past any loader of ours: it stays valid as plain JavaScript, without type syntax.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
