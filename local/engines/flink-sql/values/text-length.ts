/** How long a text can become: longer than any sink takes. */
import { FlinkSqlRuntimeError } from '../errors.ts'

const MAX_LENGTH = 64 * 1024 * 1024

/** @throws FlinkSqlRuntimeError for a text that does not fit in memory; Flink's job fails with an OutOfMemoryError, sooner or later */
export function checkLength(length: number): void {
  if (length > MAX_LENGTH)
    throw new FlinkSqlRuntimeError(
      `A text of ${length} characters does not fit here: REPEAT, LPAD, RPAD and CHAR(n) make texts of up to ${MAX_LENGTH}.`,
    )
}
