/** The errors clients of a Confluent-compatible registry know: HTTP status, numeric code, message. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const notFound = (code: number, message: string): RegistryError => new RegistryError(404, code, message);
const unprocessable = (code: number, message: string): RegistryError => new RegistryError(422, code, message);

export const subjectNotFound = (subject: string) => notFound(40401, `Subject '${subject}' not found.`);
export const versionNotFound = (version: number | 'latest') => notFound(40402, `Version ${version} not found.`);
export const schemaNotFound = () => notFound(40403, 'Schema not found');
export const subjectSoftDeleted = (subject: string) =>
  notFound(40404, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`);
export const subjectNotSoftDeleted = (subject: string) =>
  notFound(40405, `Subject '${subject}' was not deleted first before being permanently deleted`);
export const versionSoftDeleted = (subject: string, version: number) =>
  notFound(40406, `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`);
export const versionNotSoftDeleted = (subject: string, version: number) =>
  notFound(40407, `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`);
export const subjectConfigUnset = (subject: string) =>
  notFound(40408, `Subject '${subject}' does not have subject-level compatibility configured`);
export const subjectModeUnset = (subject: string) =>
  notFound(40409, `Subject '${subject}' does not have subject-level mode configured`);
export const incompatible = (subject: string, problems: readonly string[]) =>
  new RegistryError(
    409,
    409,
    `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: ${JSON.stringify(problems)}`,
  );
export const invalidSchema = (why: string) => unprocessable(42201, `Invalid schema: ${why}`);
export const invalidVersion = (text: string) =>
  unprocessable(
    42202,
    `The specified version '${text}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
  );
export const invalidLevel = () =>
  unprocessable(
    42203,
    'Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive',
  );
export const notPermitted = (what: string) => unprocessable(42205, what);
export const storeFailed = () => new RegistryError(500, 50001, 'Error in the backend data store');
