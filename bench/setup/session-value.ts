/** Returns the data of a web application's session: about 300 bytes of JSON. */
export function sessionValue(index: number) {
  return {
    cart: [
      { item: `article-${index}`, count: 1, price: 1999 },
      { item: `article-${index + 1}`, count: 2, price: 499 },
    ],
    flash: { notice: 'Your changes were saved.' },
    csrf: 'Q5f1c6TQ3v2m1o7GmJwM2dBq9yXc',
    locale: 'en-GB',
    returnTo: '/account/orders?page=2',
    seen: Array.from({ length: 6 }, (_, at) => index + at),
  }
}
