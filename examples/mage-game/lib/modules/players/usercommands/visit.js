const mage = require('latchkey/mage')

exports.acl = ['*']

exports.execute = async (state, acl) => mage.players.visit(state, acl ?? ['user']).actorId
