# Đối chiếu lịch phát với nhật ký: mỗi lượt phát theo lịch phải có đúng một kết quả.
complete-no-outcome = Lượt phát `{ $slot }` (được nhận ở mục { $entry }) đã qua giờ mà không có kết quả: không thể biết có phát hay không; có thể mục ghi kết quả đã bị bỏ
complete-twice = Mục { $entry } ghi thêm một kết quả cho lượt phát `{ $slot }`, vốn đã có kết quả ở mục { $first }: một trong hai không đúng
complete-unlisted = Mục { $entry } ghi kết quả cho lượt phát `{ $slot }`, nhưng không lịch nào được nhận có lượt này
complete-no-reason = { $slot ->
    [none] Mục { $entry } kết thúc một lượt phát không đủ mà không ghi lý do
   *[other] Mục { $entry } ghi lượt phát `{ $slot }` không phát đủ mà không ghi lý do
}
complete-full-reason = { $slot ->
    [none] Mục { $entry } ghi một lượt phát là phát đủ nhưng lại có lý do không phát đủ
   *[other] Mục { $entry } ghi lượt phát `{ $slot }` là phát đủ nhưng lại có lý do không phát đủ
}
complete-full-short = { $slot ->
    [none] Mục { $entry } ghi một lượt phát là phát đủ
   *[other] Mục { $entry } ghi lượt phát `{ $slot }` là phát đủ
} trong khi thiết bị chỉ phát { $consumed } trên { $expected } khung mẫu, chưa đến 97 %
complete-full-hole = { $slot ->
    [none] Mục { $entry } ghi một lượt phát là phát đủ
   *[other] Mục { $entry } ghi lượt phát `{ $slot }` là phát đủ
} trong khi tiếng bị ngắt { $seconds } giây, quá 30 giây cho phép
complete-consumed = Mục { $entry } ghi thiết bị đã phát { $consumed } khung mẫu, nhiều hơn cả chương trình ({ $expected }): số liệu này không thể có thật
complete-file-proof = Mục { $entry } ghi mức chứng minh { $proof } cho âm thanh đã ghi vào tệp; tệp không phải loa nên chỉ chứng minh được đến mức 1
complete-unproved = Mục { $entry } ghi một lượt là đã phát mà chỉ chứng minh được mức { $proof }: chưa thiết bị âm thanh nào nhận tiếng
complete-unstarted = { $slot ->
    [none] Mục { $entry } ghi một lượt là đã phát
   *[other] Mục { $entry } ghi lượt phát `{ $slot }` là đã phát
} nhưng không có mục nào ghi lúc tiếng bắt đầu: không thể biết phát lúc nào, trên thiết bị nào
complete-test-slot = Mục { $entry } dùng một lượt phát thử cho lượt phát theo lịch `{ $slot }`; phát thử không bao giờ được tính
complete-test-counted = Mục { $entry } tính một lượt phát thử là đã phát; phát thử không bao giờ được tính
complete-missed-aired = Mục { $entry } ghi lượt phát `{ $slot }` là không phát nhưng lại ghi kết quả của một lượt đã phát
complete-unended = { $slot ->
    [none] Lượt phát bắt đầu ở mục { $entry } không có mục kết thúc: không thể biết đã phát đến đâu
   *[other] Lượt phát `{ $slot }` bắt đầu ở mục { $entry } không có mục kết thúc: không thể biết đã phát đến đâu
}
complete-uncued = Mục { $entry } kết thúc lượt phát { $airing }, nhưng lượt này chưa bắt đầu hoặc đã kết thúc từ trước
complete-unknown-airing = Mục { $entry } nói về lượt phát { $airing }, nhưng lượt này chưa bắt đầu hoặc đã kết thúc từ trước
complete-other-slot = Mục { $entry } kết thúc lượt phát `{ $slot }`, nhưng mục bắt đầu của nó lại ghi `{ $cued }`
complete-list-missing = Thiếu danh sách lượt phát tháng { $month } được nhận ở mục { $entry }: không thể biết tháng này phải có những lượt nào
complete-list-differs = Danh sách lượt phát tháng { $month } đang lưu không phải danh sách được nhận ở mục { $entry }: danh sách đã bị sửa
complete-list-unreadable = Danh sách lượt phát được nhận ở mục { $entry } không đọc được hoặc không thuộc lịch tháng { $month } của mục này
complete-list-count = Danh sách lượt phát tháng { $month } có { $found } lượt, nhưng mục { $entry } ghi là { $wanted }
complete-list-many = Kể cả danh sách lượt phát tháng { $month } được nhận ở mục { $entry } thì có hơn { $most } lượt, nhiều hơn mức một đài có thể có: không đối chiếu tháng này

# Khác biệt giữa lịch phát và thực tế.

# Ô của bảng tổng hợp đơn vị theo tháng.
cell-complete = Tháng { $month }: đã phát đủ theo kế hoạch ({ $done } lượt, yêu cầu { $due })
cell-short = Tháng { $month }: phát chưa đủ ({ $done } trên { $due } lượt)
cell-none = Tháng { $month }: không có lượt phát nào được tính
cell-not-yet-due = Tháng { $month }: chưa đến hạn ({ $done } trên { $due } lượt)
cell-no-unit = Tháng { $month }: đơn vị đã sắp xếp, sáp nhập hoặc chưa thành lập
cell-no-report = Tháng { $month }: đơn vị chưa có đủ số liệu đến hết tháng ({ $done } trên { $due } lượt)

# Vì sao một lượt phát đủ không được tính.
uncounted-out-of-window = phát ngoài khung giờ cho phép
uncounted-virtual-output = ghi ra tệp, không qua loa
uncounted-unproven = thiết bị âm thanh không xác nhận đã nhận tiếng
uncounted-foreign-column = chương trình không thuộc chuyên mục của kế hoạch
uncounted-no-unit = đơn vị không có trong kế hoạch vào ngày phát
uncounted-again = lượt phát bù thừa, lượt theo lịch đã đạt hoặc đã được phát bù
uncounted-other-year = chương trình của năm chưa có kế hoạch
