// PM2 runs the two programs of an app server: `pm2 start ecosystem.config.js`, `pm2 monit`, `pm2 reload all`.
// The program files and configurations are where the Debian package puts them, unless the environment names other places.
const programs = process.env.MINSCHOOL_BIN ?? '/usr/bin';
const configs = process.env.MINSCHOOL_CONFIG ?? '/etc/minschool';

const program = (name) => ({
  name: `minschool-${name}`,
  script: `${programs}/minschool-${name}`,
  args: ['--config', `${configs}/${name}.toml`],
  interpreter: 'none',
  exec_mode: 'fork',       // the program is its own master and worker; PM2 must not open the port
  wait_ready: true,        // the program reports when it can answer
  listen_timeout: 10_000,
  kill_timeout: 20_000,    // longer than [server] stop_seconds, so that running requests end first
  stop_exit_codes: [78],   // a restart cannot correct a wrong configuration
  exp_backoff_restart_delay: 100,
});

module.exports = { apps: [program('site'), program('admin')] };
