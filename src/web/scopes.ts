/** The scope that lets a user act as another one, by default. */
export const IMPERSONATE_SCOPE = 'auth:impersonate_others'
