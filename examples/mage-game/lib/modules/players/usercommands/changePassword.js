const mage = require('latchkey/mage')

exports.acl = ['admin']

exports.execute = (state, username, password, callback) => {
  mage.players.changePassword(state, username, password, (error) => {
    if (error) return state.error(error.code, error, callback)

    callback()
  })
}
