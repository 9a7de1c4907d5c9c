; The workstation for Windows, for every user of the machine.
; Silent: hms-desktop-0.1.0-win32-x86_64.exe /S [/D=C:\folder]. Exit codes: 0 done; 2 nothing was changed.

!define TITLE "HMS Workstation"
!include "common.nsh"

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Function .onInit
  !insertmacro CheckWindows
FunctionEnd

Section "Workstation"
  SetOutPath "$INSTDIR"
  ${If} ${FileExists} "$INSTDIR\program\hms-desktop.exe"
    Call PutAside
  ${EndIf}

  SetOutPath "$INSTDIR\program"
  ClearErrors
  File /r "${SOURCE}\*.*"
  ${If} ${Errors}
    Call GoBack
  ${EndIf}
  ; A program that cannot even name its version is of no use to a nurse.
  nsExec::ExecToLog '"$INSTDIR\program\hms-desktop.exe" --version'
  Pop $0
  ${If} $0 != 0
    Call GoBack
  ${EndIf}

  SetOutPath "$INSTDIR\program"
  CreateShortCut "$SMPROGRAMS\${TITLE}.lnk" "$INSTDIR\program\hms-desktop.exe"
  CreateShortCut "$DESKTOP\${TITLE}.lnk" "$INSTDIR\program\hms-desktop.exe"
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\before"
  !insertmacro ListProgram
SectionEnd

; A program that runs holds its files: what was typed in it is kept as a draft, but a person should close it.
Function PutAside
  RMDir /r "$INSTDIR\before"
  ClearErrors
  Rename "$INSTDIR\program" "$INSTDIR\before"
  ${If} ${Errors}
    ${GiveUp} 2 "The program is open on this machine. Nothing was changed; close it and try again."
  ${EndIf}
FunctionEnd

Function GoBack
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\program"
  Rename "$INSTDIR\before" "$INSTDIR\program"
  ${GiveUp} 2 "The new version does not start on this machine. The one before is in its place again."
FunctionEnd

Function un.onInit
  SetShellVarContext all
  SetRegView 64
FunctionEnd

Section "Uninstall"
  ClearErrors
  Rename "$INSTDIR\program" "$INSTDIR\before"
  ${If} ${Errors}
    ${GiveUp} 2 "The program is open on this machine. Nothing was changed; close it and try again."
  ${EndIf}
  RMDir /r "$INSTDIR\before"
  Delete "$SMPROGRAMS\${TITLE}.lnk"
  Delete "$DESKTOP\${TITLE}.lnk"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  !insertmacro UnlistProgram
  DetailPrint "The pairing and the settings of each person stay in their own folder."
SectionEnd
