package intl

// names are the months, long and short, and the weekdays, long and short, from Sunday on, of CLDR 48.
func names(language string) string {
	switch language {
	case "en":
		return "January February March April May June July August September October November December|Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec|Sunday Monday Tuesday Wednesday Thursday Friday Saturday|Sun Mon Tue Wed Thu Fri Sat"
	case "de":
		return "Januar Februar März April Mai Juni Juli August September Oktober November Dezember|Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.|Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag|So Mo Di Mi Do Fr Sa"
	case "fr":
		return "janvier février mars avril mai juin juillet août septembre octobre novembre décembre|janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.|dimanche lundi mardi mercredi jeudi vendredi samedi|dim. lun. mar. mer. jeu. ven. sam."
	case "es":
		return "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre|ene feb mar abr may jun jul ago sept oct nov dic|domingo lunes martes miércoles jueves viernes sábado|dom lun mar mié jue vie sáb"
	case "it":
		return "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre|gen feb mar apr mag giu lug ago set ott nov dic|domenica lunedì martedì mercoledì giovedì venerdì sabato|dom lun mar mer gio ven sab"
	case "pt":
		return "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro|jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.|domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado|dom. seg. ter. qua. qui. sex. sáb."
	case "nl":
		return "januari februari maart april mei juni juli augustus september oktober november december|jan feb mrt apr mei jun jul aug sep okt nov dec|zondag maandag dinsdag woensdag donderdag vrijdag zaterdag|zo ma di wo do vr za"
	case "sv":
		return "januari februari mars april maj juni juli augusti september oktober november december|jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.|söndag måndag tisdag onsdag torsdag fredag lördag|sön mån tis ons tors fre lör"
	case "pl":
		return "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia|sty lut mar kwi maj cze lip sie wrz paź lis gru|niedziela poniedziałek wtorek środa czwartek piątek sobota|niedz. pon. wt. śr. czw. pt. sob."
	case "ru":
		return "января февраля марта апреля мая июня июля августа сентября октября ноября декабря|янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.|воскресенье понедельник вторник среда четверг пятница суббота|вс пн вт ср чт пт сб"
	case "ja":
		return "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月|1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月|日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日|日 月 火 水 木 金 土"
	case "zh":
		return "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月|1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月|星期日 星期一 星期二 星期三 星期四 星期五 星期六|周日 周一 周二 周三 周四 周五 周六"
	}
	return ""
}
