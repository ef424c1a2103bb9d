// PM2 runs the two programs of an app server: `pm2 start ecosystem.config.js`, `pm2 monit`, `pm2 reload all`.
// The program files and configurations stand where the Debian package puts them unless the environment says otherwise.
const programs = process.env.MINSCHOOL_BIN ?? '/usr/bin';
const configs = process.env.MINSCHOOL_CONFIG ?? '/etc/minschool';

const program = (name) => ({
  name: `minschool-${name}`,
  script: `${programs}/minschool-${name}`,
  args: ['--config', `${configs}/${name}.toml`],
  interpreter: 'none',
  exec_mode: 'fork',       // the program is its own master and worker; PM2 must not open the port
  wait_ready: true,        // it says when pages can be answered
  listen_timeout: 10_000,
  kill_timeout: 20_000,    // longer than [server] stop_seconds: what runs is finished first
  stop_exit_codes: [78],   // a wrong configuration does not get right by trying again
  exp_backoff_restart_delay: 100,
});

module.exports = { apps: [program('site'), program('admin')] };
