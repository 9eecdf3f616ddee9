import { HEADER_BYTES } from '../primitives/header.ts';
import { annotateHeader } from './annotateBlock.ts';
import type { BlockContext } from './chainContext.ts';
import type { HeaderExplanation } from './explanation.ts';
import { headerRules } from './headerRules.ts';
import { proofOfWork } from './proofOfWork.ts';
import { decodeResult, isUnknown, withLater } from './rule.ts';

/** Everything about bytes that should be a header. */
export function explainHeader(bytes: Uint8Array, context: BlockContext): HeaderExplanation {
  const { fields, decoded, error } = annotateHeader(bytes);
  const decode = decodeResult(error, 'header of 80 bytes');
  if (decoded === undefined) {
    const wrong = { fields, ...(error && { error }) };
    if (bytes.length < HEADER_BYTES) return { kind: 'header', ...wrong, rules: [decode] };
    const { rules, ...rest } = explainHeader(bytes.subarray(0, HEADER_BYTES), context);
    return { ...rest, ...wrong, rules: [decode, ...rules.filter(({ code }) => code !== 'decode')] };
  }
  return {
    kind: 'header',
    fields,
    ...heightOf(context),
    ...(context.isGenesis === true && { isGenesis: true }),
    proof: proofOfWork(decoded, context.chainWork),
    rules: withLater([decode, ...headerRules(decoded, context)], context.later),
  };
}

export function heightOf({ parent, isGenesis }: BlockContext): { height?: number } {
  if (isGenesis === true) return { height: 0 };
  return isUnknown(parent) ? {} : { height: parent.height + 1 };
}
