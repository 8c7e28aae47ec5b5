import t from 'tap'
import { cardFact } from '../../../src/bridges/card-fact.ts'
import { renderCommand } from '../../../src/util/sh.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const file = (path: string, text: string): string => `${base64(path)} ${base64(text)}`
const read = (sections: Record<string, string>) =>
  cardFact.parse(
    {
      exitCode: 0,
      stdout: Object.entries(sections)
        .map(([name, text]) => `\n@@${name}\n${text}\n`)
        .join(''),
      stderr: '',
    },
    'eth0',
  )

t.test('systemd-networkd 252: its file, the drop-ins that count, and who asks DHCP', async (t) => {
  const folder = '/systemd/network/10-uplink.network'
  const { networkd } = read({
    networkd: `● 2: eth0
                     Link File: /usr/lib/systemd/network/99-default.link
                  Network File: /etc${folder}
                       Address: 10.0.0.5 (DHCP4 via 10.0.0.1)
               DHCP4 Client ID: IAID:0x49721f47/DUID
             DHCP6 Client IAID: 0x49721f48
             DHCP6 Client DUID: DUID-EN/Vendor:0000ab11cd86ad425e510a3f0000`,
    network: [
      file(`/etc${folder}`, '[Match]\nName=eth0\n'),
      file(`/etc${folder}.d/20-masked.conf`, ''),
      file(`/run${folder}.d/10-dns.conf`, '[Network]\nDNS=10.0.0.1\n'),
      file(`/usr/lib${folder}.d/20-masked.conf`, '[Network]\nDNS=10.0.0.2\n'),
    ].join('\n'),
  })
  t.strictSame(networkd, {
    file: { path: `/etc${folder}`, text: '[Match]\nName=eth0\n' },
    dropIns: [{ path: `/run${folder}.d/10-dns.conf`, text: '[Network]\nDNS=10.0.0.1\n' }],
    dhcp: [
      { section: 'DHCPv4', iaid: '0x49721f47' },
      { section: 'DHCPv6', iaid: '0x49721f48' },
    ],
  })
})

t.test('a client that is told by its MAC address, and none', async (t) => {
  const network = file('/etc/systemd/network/a.network', '[Match]\n')
  const byMac = read({ networkd: ' DHCP4 Client ID: 52:54:00:12:34:56 (mac)', network })
  t.strictSame(byMac.networkd?.dhcp, [])
  t.equal(read({}).networkd, undefined)
})

t.test('NetworkManager: the profile, its file, and who asks DHCP', async (t) => {
  const uuid = '8a0c0c4e-0000-4000-8000-000000000001'
  const keyfile = '/etc/NetworkManager/system-connections/uplink.nmconnection'
  const profile = `GENERAL.STATE:100 (connected)
GENERAL.CON-UUID:${uuid}
DHCP4.OPTION[1]:dhcp_client_identifier = 01:52:54:00:12:34:56
DHCP4.OPTION[2]:dhcp_lease_time = 600
DHCP6.OPTION[1]:dhcp6_client_id = 00:04:4c:9b\u001b[31m
DHCP6.OPTION[2]:iaid = 5e:0f:00:01`
  t.strictSame(read({ profile, profiles: file(keyfile, '[connection]\n') }).networkManager, {
    uuid,
    file: { path: keyfile, text: '[connection]\n' },
    dhcp: { clientId: '01:52:54:00:12:34:56', iaid: '5e:0f:00:01' },
  })
  for (const state of ['10 (unmanaged)', '100 (connected (externally))'])
    t.equal(
      read({ profile: `GENERAL.STATE:${state}\nGENERAL.CON-UUID:${uuid}` }).networkManager,
      undefined,
      `it leaves the card alone: ${state}`,
    )
})

t.test('each program is asked once', async (t) => {
  const command = renderCommand(cardFact.command('eth0'))
  for (const asked of ['nmcli -t -e no -f GENERAL', 'nmcli -t -e no -f UUID', 'networkctl '])
    t.equal(command.split(asked).length, 2, asked)
})
