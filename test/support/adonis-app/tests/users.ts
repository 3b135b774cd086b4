import User from '#models/user'

let users = 0

export async function createUser(): Promise<User> {
  users++
  return await User.create({ email: `${process.pid}-${users}@example.org` })
}
