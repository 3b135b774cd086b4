exports.acl = ['user']

// The other hears it on its message stream: at once, or when it opens one.
exports.execute = async (state, actorId, text) => {
  state.emit(actorId, 'players.poked', { by: state.actorId, text })
}
