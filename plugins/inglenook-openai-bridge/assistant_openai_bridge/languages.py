"""Languages as transcribing servers write them: `english`, `en`, `jw`."""

__all__ = ["code", "tag"]

_NAMES = """
af=afrikaans am=amharic ar=arabic as=assamese az=azerbaijani ba=bashkir be=belarusian bg=bulgarian bn=bengali
bo=tibetan br=breton bs=bosnian ca=catalan cs=czech cy=welsh da=danish de=german el=greek en=english es=spanish
et=estonian eu=basque fa=persian fi=finnish fo=faroese fr=french gl=galician gu=gujarati ha=hausa haw=hawaiian
he=hebrew hi=hindi hr=croatian hu=hungarian hy=armenian id=indonesian is=icelandic it=italian ja=japanese jv=javanese
ka=georgian kk=kazakh km=khmer kn=kannada ko=korean la=latin lb=luxembourgish ln=lingala lo=lao lt=lithuanian
lv=latvian mg=malagasy mi=maori mk=macedonian ml=malayalam mn=mongolian mr=marathi ms=malay mt=maltese my=myanmar
ne=nepali nl=dutch nn=nynorsk no=norwegian oc=occitan pa=punjabi pl=polish ps=pashto pt=portuguese ro=romanian
ru=russian sa=sanskrit sd=sindhi si=sinhala sk=slovak sl=slovenian sn=shona so=somali sq=albanian sr=serbian
su=sundanese sv=swedish sw=swahili ta=tamil te=telugu tg=tajik th=thai tk=turkmen tl=tagalog tr=turkish tt=tatar
uk=ukrainian ur=urdu uz=uzbek vi=vietnamese yi=yiddish yo=yoruba yue=cantonese zh=chinese
"""
"""What Whisper calls the languages that it knows (openai/whisper, tokenizer.py)."""
_TAGS = {name: tag for tag, _, name in (pair.partition("=") for pair in _NAMES.split())} | {"jw": "jv"}
_TAGS |= {tag: tag for tag in _TAGS.values()}
_WHISPERS = {"nb": "no", "jv": "jw", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id", "ji": "yi"}
"""Tags that Whisper writes otherwise."""


def tag(told: str) -> str:
    """Return the BCP-47 tag of a language that a server names; empty for one that nobody knows."""
    whole = told.strip().lower().replace("_", "-")
    return _TAGS.get(whole) or _TAGS.get(whole.partition("-")[0], "")


def code(tag: str) -> str:
    """Return what servers call a language by its BCP-47 tag: `de` for `de-CH`."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    return _WHISPERS.get(primary, primary)
