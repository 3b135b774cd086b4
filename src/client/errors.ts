import { type ErrorCode, type ErrorDetails, LatchkeyError } from '../core/errors.ts'

/** The constant properties of a kind of error. */
interface Kind {
  readonly code: ErrorCode
  readonly description: string
  readonly exitCode: number
}

/** Options of one error: a more precise code or message than that of its kind, and details. */
export interface ClientErrorOptions extends ErrorDetails {
  /** The code of the error. That of its class by default. */
  readonly code?: ErrorCode
  /** The message of the error. That of its class by default. */
  readonly message?: string
}

/** An error of a client. Its kind is the class, and a server names the class in the trailers of a call. */
export class ErrorLatchkey extends LatchkeyError {
  /** The description of its kind. */
  readonly description: string
  /** The exit code of a command line. */
  readonly exitCode: number

  constructor(kind: Kind, { code, message, ...details }: ClientErrorOptions = {}) {
    super(code ?? kind.code, message ?? kind.description, details)
    this.name = new.target.name
    this.description = kind.description
    this.exitCode = kind.exitCode
  }
}

/** A call that the client could not make, or that the server refused. */
export class ErrorClient extends ErrorLatchkey {}

/** A session that does not exist, is not valid, or cannot be stored. */
export class ErrorSession extends ErrorLatchkey {}

/** The call had no token: log in. */
export class ErrorClientJWTTokenNotProvided extends ErrorClient {
  constructor(options?: ClientErrorOptions) {
    const description = 'JWT Token not provided in metadata'
    super({ code: 'token_missing', description, exitCode: 77 }, options)
  }
}

/** No password was given. */
export class ErrorClientPasswordNotProvided extends ErrorClient {
  constructor(options?: ClientErrorOptions) {
    const description = 'Password not provided: name its file, or answer the prompt.'
    super({ code: 'invalid_request', description, exitCode: 64 }, options)
  }
}

/** The password is not that of the identity. */
export class ErrorPassword extends ErrorClient {
  constructor(options?: ClientErrorOptions) {
    super({ code: 'credentials_invalid', description: 'Wrong password.', exitCode: 77 }, options)
  }
}

/** The channel is not encrypted and leads to another machine. */
export class ErrorClientInsecureChannel extends ErrorClient {
  constructor(options?: ClientErrorOptions) {
    const description = 'Secrets travel over TLS, or within this machine: use grpcs://.'
    super({ code: 'invalid_request', description, exitCode: 64 }, options)
  }
}

/** The token has expired, was revoked, or is not a token; `code` tells which. */
export class ErrorSessionTokenInvalid extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    const description = 'Invalid JWT Token, please reauthenticate.'
    super({ code: 'token_invalid', description, exitCode: 65 }, options)
  }
}

/** The session has not been started, or was stopped. */
export class ErrorSessionNotStarted extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    super({ code: 'conflict', description: 'The session is not started.', exitCode: 77 }, options)
  }
}

/** The session must be stopped first. */
export class ErrorSessionRunning extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    super({ code: 'conflict', description: 'The session is running.', exitCode: 64 }, options)
  }
}

/** The session was destroyed: it does not start again. */
export class ErrorSessionDestroyed extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    super({ code: 'conflict', description: 'The session is destroyed.', exitCode: 64 }, options)
  }
}

/** The session file is a link, is not a file, or belongs to another user: it is neither read nor written. */
export class ErrorSessionFileUnsafe extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    const description = 'The session file is not this user’s own file.'
    super({ code: 'access_denied', description, exitCode: 77 }, options)
  }
}

/** The saved token belongs to another server, and is not sent to this one. */
export class ErrorSessionOtherServer extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    const description = 'The saved session belongs to another server. Log in to this one.'
    super({ code: 'access_denied', description, exitCode: 77 }, options)
  }
}

/** Another process has locked the session file for too long. */
export class ErrorSessionFileBusy extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    const description = 'Another process is writing the session file.'
    super({ code: 'busy', description, exitCode: 75 }, options)
  }
}

/** The system refuses to read or write the session file; `cause` tells why. */
export class ErrorSessionFileUnusable extends ErrorSession {
  constructor(options?: ClientErrorOptions) {
    const description = 'The session file cannot be used.'
    super({ code: 'unavailable', description, exitCode: 74 }, options)
  }
}

/** The classes that a server names in its trailers, by name. */
export const REMOTE_ERRORS: Readonly<
  Record<string, new (options?: ClientErrorOptions) => ErrorLatchkey>
> = {
  ErrorClientJWTTokenNotProvided,
  ErrorClientPasswordNotProvided,
  ErrorPassword,
  ErrorSessionTokenInvalid,
}
