import type { NetworkParams } from '../params/networkParams.ts';
import { recordTransaction } from './annotateTransaction.ts';
import type { BlockExplanation } from './explanation.ts';
import { annotate } from './fieldRecorder.ts';
import { isUnknown } from './rule.ts';
import type { Spendings } from './spendings.ts';

type Signatures = Pick<BlockExplanation, 'signatures' | 'furtherSignatures'>;

/** The signatures that are reported, each with the fields of what it signs. */
export function explainSignatures(
  { spendings, reports }: Spendings,
  params: NetworkParams,
  maxFields: number,
): Signatures {
  let verified = 0;
  for (const { signatures } of spendings) {
    for (const one of signatures) if (one !== undefined && !isUnknown(one)) verified++;
  }
  const signatures = reports.map((report) => {
    const setting = { params, signedInput: report.input };
    const { fields } = annotate(
      report.signedBytes,
      maxFields,
      (recorder) => {
        recordTransaction(recorder, setting);
        recorder.field(
          'hash type',
          (reader) => reader.u32(),
          () => ({ value: 'SIGHASH_ALL', meaning: 'as in the last byte of the signature, in four bytes' }),
        );
      },
      (bytes) => bytes,
    );
    return { ...report, fields };
  });
  return { signatures, furtherSignatures: verified - reports.length };
}
