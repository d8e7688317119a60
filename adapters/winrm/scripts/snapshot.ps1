# operation: snapshot
param([string]$payload)
# shared: prologue
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$phase = 'start'
$refused = $false
function Write-Answer {
  param($answer)
  $json = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
  [Console]::Out.Write('##B64##' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)) + '##END##')
}
function Read-Parameters {
  ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($payload)))
}
# end
# shared: configuration
function Test-SharedConfiguration {
  $redirection = Join-Path $env:windir 'System32\inetsrv\config\redirection.config'
  if (-not (Test-Path -LiteralPath $redirection)) { return $false }
  $node = ([xml](Get-Content -LiteralPath $redirection -Raw -Encoding UTF8)).SelectSingleNode('/configuration/configurationRedirection')
  $null -ne $node -and $node.GetAttribute('enabled') -eq 'true'
}
function Get-ConfigPath {
  if (Test-SharedConfiguration) { throw 'IIS uses a shared configuration (redirection.config); that is not supported' }
  Join-Path $env:windir 'System32\inetsrv\config\applicationHost.config'
}
function Get-ConfigHash {
  (Get-FileHash -LiteralPath (Get-ConfigPath) -Algorithm SHA256).Hash.ToLowerInvariant()
}
# end
# shared: flags
function ConvertTo-FlagText {
  # A set of names as one text that compares: 'unset', 'None' or 'Ssl,SslNegotiateCert'.
  param($flags)
  if ($null -eq $flags) { return 'unset' }
  $names = @($flags | ForEach-Object { "$_".Trim() } | Where-Object { $_ -and $_ -ne 'None' } | Sort-Object)
  if ($names.Count -eq 0) { return 'None' }
  $names -join ','
}
function Get-StoredFlags {
  # What applicationHost.config itself says for this very location, as it lies on the disk.
  param([string]$location)
  $stored = $null
  $xml = [xml](Get-Content -LiteralPath (Get-ConfigPath) -Raw -Encoding UTF8)
  foreach ($node in $xml.SelectNodes('/configuration/location')) {
    $access = $node.SelectSingleNode('system.webServer/security/access')
    if ($node.GetAttribute('path') -eq $location -and $null -ne $access -and $access.HasAttribute('sslFlags')) {
      $stored = $access.GetAttribute('sslFlags').Split(',')
    }
  }
  ConvertTo-FlagText $stored
}
# end
# shared: binding
function Get-BindingState {
  param($binding)
  $thumbprint = ''
  if ($binding.CertificateHash) { $thumbprint = -join ($binding.CertificateHash | ForEach-Object { $_.ToString('X2') }) }
  @{ thumbprint = $thumbprint; store = "$($binding.CertificateStoreName)"; sslFlags = [int]$binding['sslFlags'] }
}
# end
# shared: httpsys
function Get-HttpSysRows {
  # http.sys's table as the registry holds it: independent of the language that netsh speaks.
  param([string]$kind)
  $table = "HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\$kind"
  if (-not (Test-Path -LiteralPath $table)) { return }
  foreach ($entry in @(Get-ChildItem -LiteralPath $table)) {
    $value = Get-ItemProperty -LiteralPath $entry.PSPath
    $key = "$($entry.PSChildName)"
    if ($value.HostnamePort) { $key = "$($value.HostnamePort)" }
    $hash = ''
    if ($value.SslCertHash) { $hash = -join ($value.SslCertHash | ForEach-Object { $_.ToString('X2') }) }
    $appId = ''
    if ($value.AppId -is [byte[]]) { $appId = ([Guid]$value.AppId).ToString('B') }
    elseif ($value.AppId) { $appId = ([Guid]"$($value.AppId)").ToString('B') }
    @{
      kind = $kind; key = $key; certHash = $hash; appId = $appId; storeName = "$($value.SslCertStoreName)"
      flags = [int64]$value.DefaultFlags; checkMode = [int64]$value.DefaultSslCertCheckMode
      freshnessTime = [int64]$value.DefaultSslRevocationFreshnessTime
      urlRetrievalTimeout = [int64]$value.DefaultSslRevocationUrlRetrievalTimeout
      ctlIdentifier = "$($value.DefaultSslCtlIdentifier)"; ctlStoreName = "$($value.DefaultSslCtlStoreName)"
    }
  }
}
# end
$errors = New-Object System.Collections.ArrayList
$counted = '403.4', '403.5', '403.7', '403.12', '403.13', '403.16', '403.17', '404.13', '413.0', '413.1', '500.0'
function Get-Part {
  # One part that fails doesn't lose the rest.
  param([string]$at, [scriptblock]$read)
  try { & $read } catch { [void]$errors.Add(@{ at = $at; message = "$($_.Exception.GetBaseException().Message)" }) }
}
function Get-EffectiveFlags {
  # Of applicationHost.config at a location, or of the web.config files on the way to it.
  param($configuration, [string]$location)
  $section = 'system.webServer/security/access'
  if ($location) { $value = $configuration.GetSection($section, $location)['sslFlags'] }
  else { $value = $configuration.GetSection($section)['sslFlags'] }
  if ($value -is [string]) { return ConvertTo-FlagText $value.Split(',') }
  $names = @()
  foreach ($pair in @(8, 'Ssl'), @(32, 'SslNegotiateCert'), @(64, 'SslRequireCert'), @(128, 'SslMapCert'), @(256, 'Ssl128')) {
    if ([int64]$value -band $pair[0]) { $names += $pair[1] }
  }
  ConvertTo-FlagText $names
}
function Get-KeyFacts {
  # Where the key lies and whether it may leave; never the key.
  param($certificate)
  $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
  if ($null -eq $key) {
    $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate)
  }
  if ($null -eq $key) { throw 'the key can not be opened' }
  if ($key.CspKeyContainerInfo) {
    return @{ provider = "$($key.CspKeyContainerInfo.ProviderName)"; exportable = [bool]$key.CspKeyContainerInfo.Exportable }
  }
  @{ provider = "$($key.Key.Provider.Provider)"; exportable = [bool]([int]$key.Key.ExportPolicy -band 3) }
}
function Get-Certificates {
  param([string]$store)
  if (-not (Test-Path -LiteralPath "Cert:\LocalMachine\$store")) { return }
  foreach ($one in @(Get-ChildItem -LiteralPath "Cert:\LocalMachine\$store")) {
    $facts = $null
    if ($one.HasPrivateKey) { $facts = Get-Part "key of $($one.Thumbprint) in $store" { Get-KeyFacts $one } }
    $row = @{
      store = $store; thumbprint = "$($one.Thumbprint)"; rawB64 = [Convert]::ToBase64String($one.RawData)
      hasKey = [bool]$one.HasPrivateKey; friendlyName = "$($one.FriendlyName)"; provider = ''; exportable = $null
    }
    if ($null -ne $facts) { $row.provider = $facts.provider; $row.exportable = $facts.exportable }
    $row
  }
}
function Get-Protocols {
  # Only what the registry says; a protocol that is absent follows the default of the Windows version.
  $found = @{ }
  $schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
  if (Test-Path -LiteralPath $schannel) {
    foreach ($entry in @(Get-ChildItem -LiteralPath $schannel)) {
      $server = "$schannel\$($entry.PSChildName)\Server"
      if (-not (Test-Path -LiteralPath $server)) { continue }
      $value = Get-ItemProperty -LiteralPath $server
      if ($null -eq $value.Enabled -and $null -eq $value.DisabledByDefault) { continue }
      $off = ($null -ne $value.Enabled -and $value.Enabled -eq 0) -or [bool]$value.DisabledByDefault
      $found["$($entry.PSChildName)"] = -not $off
    }
  }
  $found
}
function Get-SchannelValue {
  param([string]$name)
  $schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'
  if (-not (Test-Path -LiteralPath $schannel)) { return }
  $value = (Get-ItemProperty -LiteralPath $schannel).$name
  if ($null -ne $value) { [int64]$value }
}
function Get-CipherSuites {
  # The policy's list, else this machine's own.
  foreach ($key in 'SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002', 'SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002') {
    if (-not (Test-Path -LiteralPath "HKLM:\$key")) { continue }
    $value = (Get-ItemProperty -LiteralPath "HKLM:\$key").Functions
    if ($null -eq $value) { continue }
    return @(@($value) -join ',' -split ',' | ForEach-Object { $_.Trim() } | Where-Object { $_ })
  }
}

function Get-BindingRow {
  param($binding)
  $row = @{ thumbprint = ''; store = ''; sslFlags = 0 }
  if ($binding.Protocol -eq 'https') { $row = Get-BindingState $binding }
  $row.protocol = "$($binding.Protocol)"
  $row.information = "$($binding.BindingInformation)"
  $row
}
function Get-SiteRow {
  param($site)
  $state = Get-Part "state of site $($site.Name)" { $site.State }
  $bindings = @(Get-Part "bindings of site $($site.Name)" { foreach ($one in $site.Bindings) { Get-BindingRow $one } })
  $applications = @(Get-Part "applications of site $($site.Name)" { foreach ($one in $site.Applications) { "$($one.Path)" } })
  @{ name = "$($site.Name)"; id = [int64]$site.Id; state = "$state"; bindings = $bindings; applications = @($applications | Select-Object -First 200) }
}
function Test-OwnFlags {
  # Set at this very location? A shared configuration lies elsewhere, where this script doesn't look.
  param([string]$location)
  -not $shared -and (Get-StoredFlags $location) -ne 'unset'
}
function Get-OtherLocations {
  # What else below the site has SSL settings of its own.
  param([string]$siteName)
  if ($shared) { return }
  $xml = [xml](Get-Content -LiteralPath (Get-ConfigPath) -Raw -Encoding UTF8)
  foreach ($node in $xml.SelectNodes('/configuration/location')) {
    $path = $node.GetAttribute('path')
    $access = $node.SelectSingleNode('system.webServer/security/access')
    if ($path.StartsWith("$siteName/", 'OrdinalIgnoreCase') -and $null -ne $access -and $access.HasAttribute('sslFlags')) { $path }
  }
}
function Get-AccessRows {
  # The site; the two folders that devices use where they differ from it or say so themselves; what else says so itself.
  param($configuration, [string]$siteName)
  $own = Get-EffectiveFlags $configuration $siteName
  @{ location = $siteName; flags = $own; explicit = Test-OwnFlags $siteName }
  $folders = @("$siteName/ManageSoftDL", "$siteName/ManageSoftRL")
  $others = @(Get-OtherLocations $siteName | Where-Object { $folders -notcontains $_ } | Select-Object -First 100)
  foreach ($location in $folders + $others) {
    $flags = Get-EffectiveFlags $configuration $location
    $explicit = Test-OwnFlags $location
    if ($explicit -or $flags -ne $own) { @{ location = $location; flags = $flags; explicit = $explicit } }
  }
}
function Get-UnlockedRows {
  # Where a web.config may change the SSL settings, and what they then are. It may not by default.
  param($manager, $configuration, [string]$siteName)
  foreach ($folder in '', '/ManageSoftDL', '/ManageSoftRL') {
    $section = $configuration.GetSection('system.webServer/security/access', "$siteName$folder")
    $mode = "$($section.OverrideModeEffective)"
    $flags = $null
    if ($mode -eq 'Allow') { $flags = Get-EffectiveFlags ($manager.GetWebConfiguration($siteName, "/$($folder.TrimStart('/'))")) '' }
    @{ location = "$siteName$folder"; mode = $mode; flags = $flags }
  }
}
function Get-RequestLimitRows {
  param($manager, [string]$siteName)
  foreach ($folder in '', '/ManageSoftRL') {
    $section = $manager.GetWebConfiguration($siteName, "/$($folder.TrimStart('/'))").GetSection('system.webServer/security/requestFiltering')
    @{ location = "$siteName$folder"; bytes = [int64]$section.GetChildElement('requestLimits')['maxAllowedContentLength'] }
  }
}
function Get-ReadAheadRows {
  param($configuration, [string]$siteName)
  foreach ($location in $siteName, "$siteName/ManageSoftRL") {
    @{ location = $location; bytes = [int64]$configuration.GetSection('system.webServer/serverRuntime', $location)['uploadReadAheadSize'] }
  }
}
function Get-MappingRow {
  # How many accounts certificates are mapped to; not which.
  param($configuration, [string]$siteName)
  $authentication = 'system.webServer/security/authentication'
  $own = $configuration.GetSection("$authentication/iisClientCertificateMappingAuthentication", $siteName)
  $directory = $configuration.GetSection("$authentication/clientCertificateMappingAuthentication", $siteName)
  $entries = 0
  foreach ($kind in 'oneToOne', 'manyToOne') {
    if ([bool]$own["$($kind)CertificateMappingsEnabled"]) { $entries += @($own.GetCollection("$($kind)Mappings")).Count }
  }
  @{ site = $siteName; enabled = [bool]$own['enabled']; entries = $entries; activeDirectory = [bool]$directory['enabled'] }
}
function Get-RefusalRow {
  # The last lines of the site's newest log: how many answers of each kind; no address, no name, no path of them.
  param($site)
  $folder = Join-Path ([Environment]::ExpandEnvironmentVariables("$($site.LogFile.Directory)")) "W3SVC$($site.Id)"
  if (-not (Test-Path -LiteralPath $folder)) { return }
  $newest = Get-ChildItem -LiteralPath $folder -Filter 'u_ex*.log' -File | Sort-Object -Property 'LastWriteTime' | Select-Object -Last 1
  if ($null -eq $newest) { return }
  $columns = @()
  foreach ($line in @(Get-Content -LiteralPath $newest.FullName -TotalCount 10)) {
    if ($line.StartsWith('#Fields: ')) { $columns = $line.Substring(9).Split(' ') }
  }
  $counts = @{ }
  foreach ($line in @(Get-Content -LiteralPath $newest.FullName -Tail 2000)) {
    if ($line.StartsWith('#Fields: ')) { $columns = $line.Substring(9).Split(' ') }
    if ($line.StartsWith('#')) { continue }
    $status = [Array]::IndexOf($columns, 'sc-status')
    $sub = [Array]::IndexOf($columns, 'sc-substatus')
    $words = $line.Split(' ')
    if ($status -lt 0 -or $sub -lt 0 -or $words.Count -ne $columns.Count) { continue }
    $code = "$($words[$status]).$($words[$sub])"
    if ($counted -contains $code) { $counts[$code] = 1 + [int]$counts[$code] }
  }
  @{ site = "$($site.Name)"; file = "$($newest.Name)"; counts = $counts }
}
function Get-SchannelErrors {
  # Errors of the last 24 hours, by event id: handshakes that never reach IIS's log.
  $wanted = @{ LogName = 'System'; ProviderName = 'Schannel'; Level = 2; StartTime = (Get-Date).AddHours(-24) }
  $found = @()
  try { $found = @(Get-WinEvent -FilterHashtable $wanted -MaxEvents 1000) } catch {
    if ("$($_.FullyQualifiedErrorId)" -notlike 'NoMatchingEventsFound*') { throw }
  }
  $counts = @{ }
  foreach ($one in $found) { $counts["$($one.Id)"] = 1 + [int]$counts["$($one.Id)"] }
  $counts
}
function Get-RenewalTools {
  # Names of tasks and services that renew certificates by themselves.
  $pattern = 'win-acme|simple-acme|letsencrypt|certify'
  $names = @(Get-ChildItem -LiteralPath (Join-Path $env:windir 'System32\Tasks') -Recurse -File | ForEach-Object { "$($_.Name)" })
  $names += @(Get-Service | ForEach-Object { "$($_.Name)" })
  $names | Where-Object { $_ -match $pattern } | Sort-Object | Select-Object -First 20
}

try {
  $phase = 'read'
  $sites = @()
  $access = @()
  $readAhead = $null
  $unlocked = @()
  $limits = @()
  $aheads = @()
  $mappings = @()
  $refusals = @()
  $shared = Get-Part 'redirection.config' { Test-SharedConfiguration }
  # A beacon without IIS still has certificates and http.sys records.
  $manager = Get-Part 'IIS' {
    Add-Type -Path (Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll')
    New-Object Microsoft.Web.Administration.ServerManager
  }
  if ($null -ne $manager) {
    try {
      $configuration = $manager.GetApplicationHostConfiguration()
      $sites = @(Get-Part 'sites' { foreach ($one in $manager.Sites) { Get-SiteRow $one } })
      $access = @(Get-Part 'access' { foreach ($one in $manager.Sites) { Get-AccessRows $configuration "$($one.Name)" } })
      foreach ($one in $manager.Sites) {
        $name = "$($one.Name)"
        $unlocked += @(Get-Part "lock of SSL settings of site $name" { Get-UnlockedRows $manager $configuration $name })
        $limits += @(Get-Part "request limits of site $name" { Get-RequestLimitRows $manager $name })
        $aheads += @(Get-Part "uploadReadAheadSize of site $name" { Get-ReadAheadRows $configuration $name })
        $mappings += @(Get-Part "certificate mapping of site $name" { Get-MappingRow $configuration $name })
        $refusals += @(Get-Part "log of site $name" { Get-RefusalRow $one })
      }
      # Of the first site with an https binding; of the server where there is none.
      $first = ''
      foreach ($row in $sites) { if (-not $first -and @($row.bindings | Where-Object { $_.protocol -eq 'https' }).Count -gt 0) { $first = $row.name } }
      $readAhead = Get-Part 'uploadReadAheadSize' { [int64]$configuration.GetSection('system.webServer/serverRuntime', $first)['uploadReadAheadSize'] }
    } finally { $manager.Dispose() }
  }

  $windows = Get-Part 'Windows version' { Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' }
  $elevated = Get-Part 'rights' {
    $principal = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
  }
  $services = @{ }
  foreach ($name in 'W3SVC', 'WAS') { $services[$name] = "$(Get-Part "service $name" { (Get-Service -Name $name).Status })" }
  $invariant = [System.Globalization.CultureInfo]::InvariantCulture
  Write-Answer @{
    ok = $true; schema = 1
    utc = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', $invariant)
    computer = "$env:COMPUTERNAME"; build = "$($windows.CurrentBuildNumber)"; powershell = "$($PSVersionTable.PSVersion)"
    elevated = $elevated
    features = @(Get-Part 'features' { Get-WindowsFeature -Name 'Web-*' | Where-Object { $_.Installed } | ForEach-Object { "$($_.Name)" } })
    sites = $sites; access = $access
    httpsys = @(Get-Part 'http.sys' { foreach ($kind in 'SslBindingInfo', 'SslSniBindingInfo', 'SslCcsBindingInfo') { Get-HttpSysRows $kind } })
    certificates = @(Get-Part 'certificates' { foreach ($store in 'My', 'WebHosting', 'Root', 'CA', 'ClientAuthIssuer', 'REQUEST') { Get-Certificates $store } })
    schannel = @{
      protocols = Get-Part 'Schannel protocols' { Get-Protocols }
      sendTrustedIssuerList = Get-Part 'SendTrustedIssuerList' { Get-SchannelValue 'SendTrustedIssuerList' }
      clientAuthTrustMode = Get-Part 'ClientAuthTrustMode' { Get-SchannelValue 'ClientAuthTrustMode' }
      messageLimit = Get-Part 'MessageLimitServerClientAuth' { Get-SchannelValue 'MessageLimitServerClientAuth' }
      cipherSuites = @(Get-Part 'cipher suites' { Get-CipherSuites })
    }
    sharedConfiguration = $shared; unlocked = $unlocked; requestLimits = $limits; readAhead = $aheads; mappings = $mappings; refusals = $refusals
    freeBytes = Get-Part 'free space' { [int64](Get-PSDrive -Name $env:SystemDrive.Substring(0, 1)).Free }
    renewalTools = Get-Part 'renewal tools' { , @(Get-RenewalTools) }
    schannelErrors = Get-Part 'Schannel errors' { Get-SchannelErrors }
    uploadReadAheadSize = $readAhead
    configSha256 = "$(Get-Part 'applicationHost.config' { Get-ConfigHash })"
    services = $services
    errors = @($errors)
  }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
