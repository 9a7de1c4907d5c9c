# What a runner with Windows tries of the installers; each step ends with an error where something is not as it should be.
param(
    [Parameter(Mandatory)]
    [ValidateSet("Install", "Clinic", "Upgrade", "GoBack", "Workstation", "Remove")]
    [string] $Step
)
$ErrorActionPreference = "Stop"

$root = Resolve-Path "$PSScriptRoot\..\.."
$dist = Join-Path $root "dist"
$folder = "$env:ProgramFiles\HMS Server"
$server = "$folder\program\hms-server.exe"
$data = "$env:ProgramData\HMS Server\data"

function Install-Silently([string] $Name) {
    $installer = Get-ChildItem "$dist\$Name-*-win32-x86_64.exe" | Select-Object -First 1
    (Start-Process $installer.FullName -ArgumentList "/S" -Wait -PassThru).ExitCode
}

function Assert-That([bool] $Holds, [string] $Words) {
    if (-not $Holds) { throw "Not so: $Words" }
    Write-Output "ok: $Words"
}

function Assert-Serving {
    Assert-That ((Get-Service hms-server).Status -eq "Running") "the service runs"
    foreach ($attempt in 1..120) {
        if ((Test-NetConnection 127.0.0.1 -Port 7717 -WarningAction SilentlyContinue).TcpTestSucceeded) { break }
        Start-Sleep 1
    }
    Assert-That (Test-NetConnection 127.0.0.1 -Port 7717).TcpTestSucceeded "workstations can connect"
}

function Test-Install {
    Assert-That ((Install-Silently "hms-server") -eq 0) "the installer ends with 0"
    $service = Get-CimInstance Win32_Service -Filter "Name='hms-server'"
    Assert-That ($service.StartName -eq "NT SERVICE\hms-server") "the service has an account of its own"
    Assert-That ($service.DelayedAutoStart) "it starts after the boot by itself"
    Assert-That ((Get-Service hms-server).Status -eq "Running") "it runs and waits for its clinic"
    $rules = Get-NetFirewallRule -DisplayName "hms-server-*"
    Assert-That (@($rules).Count -eq 2) "there are two firewall rules"
    Assert-That (-not ($rules | Where-Object Profile -ne "Private")) "both are for private networks only"
    $others = (Get-Acl $data).Access | Where-Object { $_.IdentityReference -match "\\Users$|Everyone" }
    Assert-That (-not $others) "nobody else may read the data"
}

function Test-Clinic {
    $env:HMS_ADMIN_PASSWORD = "correct horse battery"
    & $server setup --clinic "Unity Clinic" --time-zone Africa/Lagos --currency NGN
    Assert-That ($LASTEXITCODE -eq 0) "the clinic is created"
    Assert-Serving
    $code = & $server device code --name "Front desk"
    Assert-That ("$code" -match "^\d{4} \d{4} ") "there is a code for a workstation"
}

function Test-Upgrade {
    Assert-That ((Install-Silently "hms-server") -eq 0) "the installer ends with 0 over itself"
    Assert-Serving
}

function Test-GoBack {
    $broken = Join-Path $env:TEMP "hms-broken"
    New-Item -ItemType Directory -Force $broken | Out-Null
    # A program that ends at once stands for a version that does not come up.
    Copy-Item "$env:SystemRoot\System32\whoami.exe" "$broken\hms-server.exe"
    $output = "$env:TEMP\hms-server-broken.exe"
    makensis -V2 -DVERSION=99.0.0 "-DSOURCE=$broken" "-DOUTPUT=$output" "$PSScriptRoot\server.nsi"
    $code = (Start-Process $output -ArgumentList "/S" -Wait -PassThru).ExitCode
    Assert-That ($code -eq 3) "the installer says that it went back"
    Assert-Serving
}

function Test-Workstation {
    Assert-That ((Install-Silently "hms-desktop") -eq 0) "the installer ends with 0"
    $program = "$env:ProgramFiles\HMS Workstation\program\hms-desktop.exe"
    $window = Start-Process $program -ArgumentList "--folder", "$env:TEMP\hms-desk" -PassThru
    Start-Sleep 20
    Assert-That (-not $window.HasExited) "the workstation starts and stays"
    Stop-Process -Id $window.Id
}

function Test-Remove {
    foreach ($name in "HMS Workstation", "HMS Server") {
        # With _?= the uninstaller does not copy itself away, so that one can wait for it.
        $place = "$env:ProgramFiles\$name"
        $done = Start-Process "$place\uninstall.exe" -ArgumentList "/S", "_?=$place" -Wait -PassThru
        Assert-That ($done.ExitCode -eq 0) "$name is taken away"
    }
    Assert-That (-not (Get-Service hms-server -ErrorAction SilentlyContinue)) "the service is gone"
    Assert-That (Test-Path "$data\postgres") "the records of the clinic are still there"
}

& "Test-$Step"
