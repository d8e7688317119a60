# operation: fetch
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
function Test-MachineProxy {
  # Windows asks for revocation through WinHTTP. Has the machine a proxy for it? (netsh winhttp show proxy, flag 2)
  $connections = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections'
  if (-not (Test-Path -LiteralPath $connections)) { return $false }
  $settings = (Get-ItemProperty -LiteralPath $connections).WinHttpSettings
  ($settings -is [byte[]]) -and ($settings.Length -gt 8) -and [bool]($settings[8] -band 2)
}
function Get-Sum {
  # SHA-256 in lower-case hex. This class also works where only FIPS algorithms are allowed.
  param([byte[]]$content)
  $hash = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
  ([BitConverter]::ToString($hash.ComputeHash($content)) -replace '-', '').ToLowerInvariant()
}
function Read-Body {
  # What the stream holds, in Base64, or the sum of what the console knows. The time of the whole is watched here: a
  # server may send byte after byte.
  param($stream, [int64]$limit, $watch, [int64]$until, $known)
  $body = New-Object System.IO.MemoryStream
  $buffer = New-Object byte[] 65536
  $count = $stream.Read($buffer, 0, $buffer.Length)
  while ($count -gt 0) {
    if ($body.Length + $count -gt $limit) { return @{ failure = 'TooLarge'; body = ''; same = '' } }
    if ($watch.ElapsedMilliseconds -gt $until) { return @{ failure = 'Timeout'; body = ''; same = '' } }
    $body.Write($buffer, 0, $count)
    $count = $stream.Read($buffer, 0, $buffer.Length)
  }
  if ($known.Count -gt 0) {
    $sum = Get-Sum $body.ToArray()
    if ($known -contains $sum) { return @{ failure = ''; body = ''; same = $sum } }
  }
  @{ failure = ''; body = [Convert]::ToBase64String($body.ToArray()); same = '' }
}
function Get-Failure {
  # The word of WebExceptionStatus, which no language changes; the status where the server answered one.
  param($failure)
  $inner = $failure
  while ($null -ne $inner -and -not ($inner -is [System.Net.WebException])) { $inner = $inner.InnerException }
  if ($null -eq $inner) { return @{ failure = 'Other'; status = 0; message = "$($failure.GetBaseException().Message)" } }
  $status = 0
  if ($inner.Response -is [System.Net.HttpWebResponse]) {
    $status = [int]$inner.Response.StatusCode
    $inner.Response.Close()
  }
  @{ failure = "$($inner.Status)"; status = $status; message = "$($inner.GetBaseException().Message)" }
}
function Get-Address {
  # One GET, without proxy, at most three redirects (which never leave http and https).
  param([System.Uri]$uri, $wanted, $watch, [int64]$end, $known)
  $until = [Math]::Min($end, $watch.ElapsedMilliseconds + [int64]$wanted.milliseconds)
  try {
    $request = [System.Net.WebRequest]::Create($uri)
    $request.Proxy = $null
    $request.MaximumAutomaticRedirections = 3
    $request.Timeout = [int][Math]::Max(1, $until - $watch.ElapsedMilliseconds)
    $request.ReadWriteTimeout = $request.Timeout
    try {
      $response = $request.GetResponse()
      $read = Read-Body $response.GetResponseStream() ([int64]$wanted.limit) $watch $until $known
      @{ failure = $read.failure; status = [int]$response.StatusCode; body = $read.body; same = $read.same; message = '' }
    } finally { $request.Abort() }
  } catch {
    $told = Get-Failure $_.Exception
    @{ failure = $told.failure; status = $told.status; body = ''; same = ''; message = $told.message }
  }
}

try {
  $phase = 'read parameters'
  $given = Read-Parameters
  $phase = 'read'
  $proxy = Test-MachineProxy
  $phase = 'fetch'
  $watch = [System.Diagnostics.Stopwatch]::StartNew()
  $left = [int64]$given.limit
  $known = @($given.known)
  $dead = @{ }
  $answers = New-Object System.Collections.ArrayList
  foreach ($wanted in @($given.requests)) {
    $uri = $null
    $answer = @{ failure = 'NoTime'; status = 0; body = ''; same = ''; message = '' }
    if (-not [System.Uri]::TryCreate("$($wanted.url)", [System.UriKind]::Absolute, [ref]$uri)) { $answer.failure = 'Scheme' }
    elseif (@('http', 'https') -notcontains $uri.Scheme) { $answer.failure = 'Scheme' }
    elseif ($proxy) { $answer.failure = 'MachineProxy' }
    elseif ($left -le 0) { $answer.failure = 'NoRoom' }
    elseif ($dead.ContainsKey($uri.Authority)) { $answer.failure = $dead[$uri.Authority] }
    elseif ([int64]$given.milliseconds - $watch.ElapsedMilliseconds -gt 1000) {
      $answer = Get-Address $uri $wanted $watch ([int64]$given.milliseconds) $known
    }
    # A server that can't be reached isn't tried again for its next address.
    if ($null -ne $uri -and @('NameResolutionFailure', 'ConnectFailure') -contains $answer.failure) { $dead[$uri.Authority] = $answer.failure }
    $left -= $answer.body.Length
    [void]$answers.Add($answer)
  }
  Write-Answer @{ ok = $true; answers = @($answers) }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
