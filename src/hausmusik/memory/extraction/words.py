"""Words that begin sentences, connect names or mean nothing by themselves: English, with the commonest of six others.

Of the other languages few are listed that mean something in English or are somebody's name (`Ben`, `Mia`): which
language a question is in is not asked, it is too short to tell. Those that do are looked for in questions all the same,
see `retrieval.chaining`. Tables only.
"""

from __future__ import annotations

from typing import Final

from hausmusik.memory.wordset import word_set

CONNECTORS: Final = word_set(
    """
    of for and & the de la del della di da von van der den du des al bin ibn y e und
    """
)
"""Lower-case words that may stand inside a name, between two capitalised ones."""

NAMELESS: Final = word_set(
    """
    a about above actually after again against ah all almost already alright also although always am an and another any
    anybody anyone anything anyway are aren't around as ask at away back be because been before behind being below
    between both bring but by call came can can't cannot cause come could couldn't definitely did didn't different do
    does doesn't doing don't done down during each either else enough er especially even ever every everybody everyone
    everything exactly few find fine first for from further gave get gets getting give given go goes going gonna good
    got great guess had hadn't has hasn't have haven't having he he'd he'll he's hello her here here's hers herself hey
    hi him himself his hmm how how's however huh i i'd i'll i'm i've if in indeed instead into is isn't it it'd it'll
    it's its itself just keep kind know last later least less let let's like likely little look looking looks lot made
    make makes making many may maybe me mean means might mine mm mm-hmm more most much must my myself need needs neither
    never next nice no nobody none nope nor not nothing now obviously of off oh ok okay on once one ones only onto or
    other others otherwise ought our ours ourselves out over own people perhaps please point possible pretty probably
    put quite rather really right said same saw say saying says see seem seems seen several shall she she'd she'll she's
    should shouldn't since so some somebody someone something sometimes somewhat sorry sort still stuff such sure take
    taken tell than thank thanks that that'd that'll that's the their theirs them themselves then there there's
    therefore these they they'd they'll they're they've thing things think this those though thought three through thus
    time to today together told tomorrow tonight too took toward towards tried try trying two uh uh-huh um under unless
    until up upon us use used uses using usually very wanna want wanted wants was wasn't way we we'd we'll we're we've
    well went were weren't what what's whatever when where where's whether which while who who's whoever whole whom
    whose why will with within without won't wonder would wouldn't wow yeah yep yes yesterday yet you you'd you'll
    you're you've your yours yourself yourselves

    aber alle allem allen aller alles als am ans auch auf aus bei beim bereits bin bis dabei dafür damit dann daran
    darauf darüber das dass davon dazu dein deine deinem deinen deiner dem den denn der deren des dessen dich die dies
    diese diesem diesen dieser dieses dir doch dort du durch dürfen darf ein eine einem einen einer eines er es etwa
    etwas euch euer eure für gegen gehabt gewesen gibt habe haben hat hatte hatten hinter ich ihm ihn ihnen ihr ihre
    ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jemand jetzt kann kein keine keinem keinen keiner
    können könnte konnte mal man mehr mein meine meinem meinen meiner mich mir mit muss musste müssen möchte nach neben
    nicht nichts nie niemand noch nur ob obwohl oder ohne schon sehr sei seid sein seine seinem seinen seiner seit
    sich sie sind so soll sollen sollte sollten sondern sonst sowie trotz um und uns unser unsere unserem unseren
    unserer unter viel viele vielen vielem vom von vor wann war waren warum was weil welche welchem welchen welcher
    welches wem wen wenn wer werde werden weshalb wessen wie wieder wieso wieviel wir wird wo wofür woher wohin wollen
    wollte womit woran worauf worden worin worum worüber wovon wozu wurde wurden während wäre wären wegen zu zum zur
    zwar zwischen über
    """
)
"""Small words of English and German: no names, however they are written (German writes `Sie` and `Ihr` for `you`)."""

STOP_WORDS: Final = NAMELESS | word_set(
    """
    ainsi après au aussi autre autres aux avant avec ce cela celle celui ces cet cette ceux chez combien dans depuis des
    donc dont du elle elles en entre es est et eux il ils ici je la laquelle le lequel les leur leurs lors lorsque lui
    là mais mes moi même ne ni notre nous on ont ou où par pas peu peut pour pourquoi puis qu quand que quel quelle
    quelles quels qui quoi sa sans se sera ses son sont sous sur toi tous tout toute toutes très un une vers votre vous
    ça étaient était été être

    como con cual cuales cuando cuanto cuál cuáles cuándo cuánta cuántas cuánto cuántos cómo de del desde donde dónde el
    ella ellas ellos en es esa ese eso esta estaba estaban estas este esto estos está están fue fueron ha han hasta hay
    la las lo los me mi muy más ni nos nosotros nuestra nuestro o para pero por porque que quien quién quiénes qué se
    ser si sin sobre su sus sí también tu un una y ya él

    agli alla alle anche che chi con cosa cui dagli dalla degli dei del della delle dello di dove erano essere gli hanno
    il io loro nei nel nella nelle noi non ogni per perché più quale quali quando quanta quante quanti quanto quella
    quelle quello questa queste questi questo senza sono stata stati stato sul sulla tu tutta tutte tutti tutto un una
    voi e é è

    aan als bij daar dat deze dit een geen haar hadden hebben heeft hier hij hoe hoeveel hun iemand iets ik je jij jouw
    jullie kan kunnen maar mijn moet moeten naar niet niets nog onder ons onze ook op te tegen toen tussen uit u van
    het veel voor waar waarom wanneer waren wat welk welke werd werden wij wordt zal zij zijn ze zonder zullen

    ao aos até com depois estava estavam está estão ela elas ele eles em essa esse foi foram há isso isto já mais meu
    minha muito na no nós não num numa onde os ou pela pelo por qual quais quanta quantas quanto quantos quem se sem seu
    seus sua suas são tem ter têm também um uma umas uns você vocês à às é
    """
)
"""With those of five languages more, which are names where a text never writes them small: `Ella`, `Han`, `Como`."""

NO_NAMES: Final = word_set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar februar märz
    juni juli oktober dezember uhr mon tue tues wed thu thur thurs fri sat sun jan feb mar apr jun jul aug sep sept oct
    nov dec am pm ok okay tv id yes no please thanks hello hi dear sincerely regards note todo faq i debug info warn
    warning error fatal critical
    """
)
"""Capitalised for other reasons than being somebody's or something's name."""

BEGINNINGS: Final = word_set(
    """
    according add added adding advise agree allow although amazing answer apparently apply ask asked asking assume
    assuming attach avoid awesome basically beautiful beat become becoming besides bet better big black blue book
    bought bring bringing brown build building buy buying cannot catch caught certainly change check checking choose
    choosing clearly close comparing compare concerning congrats congratulations consider considering contact copy
    correct cool cut dear decide delete depending describe despite discuss discussing double dr draw drive driving
    early eat eight eighteen eighty eleven email enjoy equal essentially eventually expect explain express fair
    fantastic fast feel fifteen fifty fill final finally finish five fix follow following forget forty forward four
    fourteen fourth fresh friendly full fun funny generally glad grab green half hand happy hard hear heard help
    helping hire hold honestly hope hopefully hoping hot huge hundred hurry imagine importantly including interesting
    introducing invite inviting involving join joining jump keeping large lately lead leave leaving lend listen
    listening live local long loved loving lovely lucky main meanwhile meet meeting mentioning merry message met miss
    missing moreover move moving my need never nine nineteen ninety normally note notice obviously offer often old
    open order our ours pack paint partly pass pay perfect personally phone pick picking ping plan play playing plus
    poor post present presumably pretty previously print promise proud provided put quick quickly quote read reading
    realistically recall recently red regarding remember remind reply respected rest review ring run running sad
    save second send sending serious seriously set seven seventeen seventy share show showing similarly simply sir
    six sixteen sixty sleep small solid soon sounds special speaking spoke start starting stay stop stuck super
    supposedly surely sweet talk talking technically teach ten third thirteen thirty thousand trust try turn
    twelve twenty twice typical typically ultimately unfortunately unlike update usual visit visiting wait walk
    want warm watch watching wear welcome whereas whereby white wish wishing work working worst write writing wrote
    yellow yesterday young zero gestern heute morgen dann danach liebe lieber guten frag ruf schreib bitte danke
    vielleicht hier dort außerdem trotzdem deshalb hallo
    """
)
"""What sentences begin with before a name that it is no part of: `Unlike Boston`, `Ask Tom`."""

BEFORE_OF: Final = word_set(
    """
    abbey abbot act administrator age agreement alliance ambassador archbishop archdiocese army art articles arts
    association attorney authority bank bar baron baroness battle bill bishop board body book books branch bureau
    cabinet call campaign canyon captain cathedral center centre chamber chancellor chapel charter chef chief chiefs
    children church circle city coach coalition coast code collection command commander commissioner commonwealth
    company confederation conference congress constitution consul consultant convention corps council countess county
    court coverage critic cross crown curator daughters day days dean declaration defence defense delegate department
    diocese district division doctor duchess duchy duke earl editor embassy emperor empire end estates exchange
    executive faculty faith fall father federation festival field fields flag forest founder friends front fund gallery
    game games garden gardens gate gates general gospel governor guardians guild gulf hall head heads heart hero heroes
    history holiday house houses inspector institute institution island islands isle isles journal judge keeper king
    kingdom knight knights lady land laws lead leader league legend line list lives lord lords manager master masters
    mayor member members memory men ministry mission monument mother movement museum music nation nations network north
    number office ombudsman opera orchestra order organisation organization origin owner palace parish partner party
    path patriarch peace people pirates pope port power powers president prince princess principality principle
    principles prisoner producer province queen quest rapporteur realm rector region register registrar representative
    republic review right rights ring rise road rules saint school science sciences sea secret secretary secrets senate
    series service services shadow sheriff side sign sisters society song sons sound south specialist spirit spokesman
    spokesperson spokeswoman sport state states statue stone story summit superintendent supervisor system table tale
    tales temple testament theory title titles tower treaty tree tribunal trust truth types union university view
    village voice wall war warden way west wing women word work world year
    academy act alumni archive archives assembly award awards ballet battalion brigade bridge brotherhood catalogue
    census choir choral chronicle chronicles class college commons community competition conservatory consortium cup
    desk directorate dynasty embassies encyclopedia ensemble exhibition expo factory fellowship hole hospital hotel
    index initiative inspectorate isthmus lab laboratory lake library lodge magazine medal monastery mount mountains
    name observatory oath parliament peninsula people plan pool prize program programme project protocol regiment
    registry reserve river ruins seminary seat site square squadron strait studio style survey team theatre theater
    tour town trail treasury valley vault
    """
)
"""What stands before the `of` or `for` of what is one name: `Parole Board of Canada`. Behind other words two begin, but
for those in `BODIES`."""

BODIES: Final = ("tion", "sion", "ment", "ship", "ity", "logy", "graphy", "ium", "atory", "orate")
"""How such words end that nobody can list; few surnames do."""
