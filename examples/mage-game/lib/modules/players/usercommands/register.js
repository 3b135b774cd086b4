const mage = require('latchkey/mage')

exports.acl = ['*']

exports.execute = (state, username, password, callback) => {
  mage.players.register(state, username, password, (error, userId) => {
    if (error) return state.error(error.code, error, callback)

    state.respond(userId)
    callback()
  })
}
