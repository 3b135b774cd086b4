/** The texts of the pages. `{name}` stands for a value. */
export const ENGLISH = {
  /** The language of the texts, for the attribute `lang` and for dates. */
  lang: 'en',
  /** The name of the site, at the top of each page. */
  site: 'Latchkey',
  errorPrefix: 'Error: ',
  errorHeading: 'There is a problem',

  loginTitle: 'Log in',
  identity: 'Name or e-mail address',
  password: 'Password',
  loginButton: 'Log in',
  toRegister: 'Register a new account',

  registerTitle: 'Register',
  name: 'Name',
  email: 'E-mail address (optional)',
  newPassword: 'New password',
  passwordHint: 'At least {minLength} characters.',
  registerButton: 'Register',
  toLogin: 'Log in to an account that you have',

  accountTitle: 'My sessions',
  accountIntro: 'You are logged in as {name}. These browsers and devices are logged in too.',
  thisSession: 'This browser',
  unknownClient: 'Unknown client',
  browserOn: '{browser} on {system}',
  addressLabel: 'Address',
  lastUsedLabel: 'Last used',
  createdLabel: 'Logged in',
  endButton: 'End',
  endLabel: 'End the session {client}',
  endOthersButton: 'End all other sessions',
  sessionEnded: 'A session has ended.',
  moreSessions: 'Show more',
  logoutButton: 'Log out',
  accountLink: 'My sessions',
  passwordLink: 'Change password',
  deviceLink: 'Approve a device',
  navigation: 'Account',

  changeTitle: 'Change password',
  changeIntro: 'Your other sessions end when the password changes.',
  currentPassword: 'Current password',
  changeButton: 'Change password',

  confirmTitle: 'Confirm that it is you',
  confirmIntro: 'Enter your password again to go on.',
  confirmButton: 'Go on',

  deviceTitle: 'Approve a device',
  deviceIntro: 'Enter the code that the device shows.',
  deviceCode: 'Code',
  deviceFindButton: 'Go on',
  deviceQuestion: 'Do you allow this device to log in as you?',
  deviceWarning: 'Approve it only if you started this login yourself, on a device in front of you.',
  deviceLabel: 'Name',
  deviceProgram: 'Program',
  deviceAsked: 'Asked at',
  approveButton: 'Approve',
  denyButton: 'Deny',

  noticeLoggedOut: 'You are logged out.',
  noticeExpired: 'Your session has expired. Log in again.',
  noticeEnded: 'Your session was ended. Log in again.',
  noticePassword: 'The password is changed. Your other sessions have ended.',
  noticeApproved: 'The device is approved. It logs in now.',
  noticeDenied: 'The device is denied.',

  required: 'Fill in: {field}.',
  wrongPassword: 'The password is wrong.',
  wrongLogin: 'The name or the password is wrong.',
  throttled: 'Too many attempts. Try again in {seconds} seconds.',
  suspended: 'This account is suspended.',
  taken: '{field}: this is already taken.',
  codeUnknown: 'The code is wrong, or it has expired.',
  unavailable: 'The service is not available at the moment. Try again.',
  originRefused: 'This form must be sent from this site. Load the page again.',
  notFoundTitle: 'Page not found',
  notFound: 'There is no such page.',
  failedTitle: 'Something went wrong',
}

/** The texts of the pages: each can be replaced, for another language or another tone. */
export type PageTexts = typeof ENGLISH

/** Returns a text with its values. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}
