; What both installers share. The compiler is given (makensis -D...): VERSION, SOURCE (the bundle's folder), OUTPUT.

!ifndef VERSION
  !error "Name the version: -DVERSION=0.1.0"
!endif
!ifndef SOURCE
  !error "Name the folder of the bundle: -DSOURCE=..."
!endif
!ifndef OUTPUT
  !error "Name the file to be written: -DOUTPUT=..."
!endif

Unicode true
SetCompressor /SOLID lzma
RequestExecutionLevel admin
ManifestDPIAware true
ShowInstDetails show
ShowUninstDetails show
OutFile "${OUTPUT}"
!ifndef NUMBERS
  !define NUMBERS "${VERSION}.0"
!endif
; Four numbers, whatever letters the version itself has.
VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${TITLE}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "${TITLE}"
VIAddVersionKey "LegalCopyright" "Licences of all parts: LICENCES.txt"
Name "${TITLE}"
BrandingText "${TITLE} ${VERSION}"
InstallDir "$PROGRAMFILES64\${TITLE}"
InstallDirRegKey HKLM "Software\${TITLE}" "Folder"

!define LISTED "Software\Microsoft\Windows\CurrentVersion\Uninstall\${TITLE}"

!include "LogicLib.nsh"
!include "x64.nsh"
!include "FileFunc.nsh"

; Says something to a person, and nothing but the exit code to a script; the installer ends with that code.
!macro GiveUp code words
  DetailPrint "${words}"
  MessageBox MB_OK|MB_ICONSTOP "${words}" /SD IDOK
  SetErrorLevel ${code}
  Quit
!macroend
!define GiveUp "!insertmacro GiveUp"

; 64-bit Windows 10 or newer: what Python 3.11 and Qt 6 need.
!macro CheckWindows
  SetShellVarContext all
  SetRegView 64
  ${IfNot} ${RunningX64}
    ${GiveUp} 2 "This program needs a 64-bit Windows 10 or newer."
  ${EndIf}
!macroend

; What stands in the list of programs, with the way to take it away again.
!macro ListProgram
  WriteRegStr HKLM "Software\${TITLE}" "Folder" "$INSTDIR"
  WriteRegStr HKLM "Software\${TITLE}" "Version" "${VERSION}"
  WriteRegStr HKLM "${LISTED}" "DisplayName" "${TITLE}"
  WriteRegStr HKLM "${LISTED}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${LISTED}" "Publisher" "HMS"
  WriteRegStr HKLM "${LISTED}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${LISTED}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${LISTED}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${LISTED}" "NoModify" 1
  WriteRegDWORD HKLM "${LISTED}" "NoRepair" 1
  ${GetSize} "$INSTDIR\program" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKLM "${LISTED}" "EstimatedSize" "$0"
  WriteUninstaller "$INSTDIR\uninstall.exe"
!macroend

!macro UnlistProgram
  DeleteRegKey HKLM "${LISTED}"
  DeleteRegKey HKLM "Software\${TITLE}"
!macroend
